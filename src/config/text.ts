/** Rules for the text of settings: UTF-8 without a byte order mark, and no value with blanks at its ends. */

const NOT_UTF8 = 'is not UTF-8 text (was it saved as UTF-16 or GBK?)';
const HAS_MARK = 'begins with a byte order mark: save it as UTF-8 without BOM';
export const HAS_BLANK_ENDS = 'must not begin or end with white space';

/** @returns the text, or its fault, to go after the name of the file */
export function strictText(bytes: Uint8Array): { text: string } | { fault: string } {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { fault: NOT_UTF8 };
  }
  if (text.startsWith('\ufeff')) return { fault: HAS_MARK };
  // UTF-16 of plain ASCII is valid UTF-8 as well: every other byte is a zero.
  return text.includes('\0') ? { fault: NOT_UTF8 } : { text };
}

/** Whether white space, a line end or a byte order mark stands at either end. */
export function hasBlankEnds(text: string): boolean {
  return text !== text.trim();
}

/** @returns the fault of a variable of the environment, to go after its name. Node reads invalid UTF-8 as U+FFFD. */
export function variableFault(text: string): string | undefined {
  if (text.includes('\ufffd')) return NOT_UTF8;
  return hasBlankEnds(text) ? HAS_BLANK_ENDS : undefined;
}
