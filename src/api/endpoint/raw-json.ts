/**
 * The raw text of a part of a JSON document, for values that pass through literally (`docs/api.md §4 msgPush`):
 * numbers keep their digits, strings their escapes. Every function here expects text that `JSON.parse` accepts.
 */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;

/**
 * The value of a property of the outermost object, white space between its tokens removed; of a repeated key the last
 * one counts, as in `JSON.parse`. Iterative, so that no nesting is too deep.
 * @returns `undefined` if the object has no such property
 */
export function rawProperty(text: string, name: string): string | undefined {
  let found: string | undefined;
  let at = skipSpace(text, 0) + 1;
  for (;;) {
    at = skipSpace(text, at);
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACE || Number.isNaN(code)) break;
    if (code === COMMA) {
      at += 1;
      continue;
    }
    const keyEnd = stringEnd(text, at);
    const start = skipSpace(text, skipSpace(text, keyEnd) + 1);
    const end = valueEnd(text, start);
    if (keyOf(text.slice(at, keyEnd)) === name) found = text.slice(start, end);
    at = end;
  }
  return found === undefined ? undefined : minified(found);
}

/** JSON text without the white space between its tokens; string contents are left as they are. */
export function minified(text: string): string {
  if (!/[ \t\n\r]/.test(text)) return text;
  let result = '';
  let from = 0;
  let at = 0;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = stringEnd(text, at);
    else if (isSpace(code)) {
      result += text.slice(from, at);
      at = skipSpace(text, at);
      from = at;
    } else at += 1;
  }
  return result + text.slice(from);
}

/** A key may be written with escapes. */
function keyOf(token: string): string {
  return token.includes('\\') ? (JSON.parse(token) as string) : token.slice(1, -1);
}

/** Just behind the closing quote of the string that opens at `at`. */
function stringEnd(text: string, at: number): number {
  let next = at + 1;
  for (;;) {
    const code = text.charCodeAt(next);
    if (code === QUOTE || Number.isNaN(code)) return next + 1;
    next += code === BACKSLASH ? 2 : 1;
  }
}

/** Just behind the value that starts at `at`. */
function valueEnd(text: string, at: number): number {
  let depth = 0;
  let next = at;
  while (next < text.length) {
    const code = text.charCodeAt(next);
    if (code === QUOTE) {
      next = stringEnd(text, next);
      if (depth === 0) return next;
      continue;
    }
    if (depth === 0 && (code === COMMA || code === CLOSE_BRACE || isSpace(code))) return next;
    next += 1;
    if (code === OPEN_BRACE || code === OPEN_BRACKET) depth += 1;
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return next;
  }
  return next;
}

function skipSpace(text: string, at: number): number {
  let next = at;
  while (isSpace(text.charCodeAt(next))) next += 1;
  return next;
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}
