/** Citations in a text: pages with their sections, links, and paths of this repository. */

/** A heading as it is written, with the section number (`6.1`) that it begins with, if there is one. */
export interface Heading {
  readonly level: number;
  readonly number?: string | undefined;
  readonly title: string;
}

export interface Fault {
  /** From 1. */
  readonly line: number;
  readonly text: string;
}

/** Headings outside of code blocks. */
export function headingsOf(page: string): Heading[] {
  return page
    .replace(/^```[\s\S]*?^```/gm, '')
    .split('\n')
    .flatMap((line) => {
      const [, marks, number, title] = /^(#{1,6}) (?:(\d+(?:\.\d+)*)\.? )?(.+)$/.exec(line) ?? [];
      return marks === undefined || title === undefined ? [] : [{ level: marks.length, number, title: title.trim() }];
    });
}

/** The anchor that GitHub gives to a heading. */
export function slugOf({ number, title }: Heading): string {
  const text = number === undefined ? title : `${number} ${title}`;
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

/** A page, a section of the page that was named last, or another document, whose sections are none of ours. */
const MENTION = /docs\/[a-z-]+\.md|\bRFC \d+(?= §)|§/g;
/** Where a comment's line ends and goes on in the next one. */
const LINE_BREAK = /\s*\n\s*(?:\*|\/\/)?\s*/g;
/** A § that is further from its page than this names none, or in a page itself, one of its own sections. */
const MAX_DISTANCE = 160;

/** @param self the page that the text is, if it is one */
export function citationFaults(
  text: string,
  headingsOfPage: (page: string) => readonly Heading[] | undefined,
  self?: string,
): { readonly faults: readonly Fault[]; readonly cites: readonly string[] } {
  const faults: Fault[] = [];
  const cites: string[] = [];
  let current: { readonly page: string; readonly end: number } | undefined;
  for (const { 0: mention, index } of text.matchAll(MENTION)) {
    const fault = (what: string): void => {
      faults.push({ line: lineAt(text, index), text: what });
    };
    if (mention !== '§') {
      current = { page: mention, end: index };
      if (mention.startsWith('docs/') && headingsOfPage(mention) === undefined)
        fault(`cites ${mention}, which is not there`);
      continue;
    }
    const rest = text.slice(index + 1, index + MAX_DISTANCE).replace(LINE_BREAK, ' ');
    const near: boolean = current !== undefined && index - current.end <= MAX_DISTANCE;
    const page = near ? current?.page : self;
    if (page === undefined) fault(`cites §${rest.slice(0, 20)} of no page`);
    else if (!page.startsWith('RFC')) {
      cites.push(page);
      const headings = headingsOfPage(page);
      if (headings !== undefined && !isSection(headings, page === self ? numberOf(rest) : rest))
        fault(`cites ${page} §${rest.slice(0, 30).trim()}, which has no such heading`);
      current = { page, end: index };
    }
  }
  return { faults, cites };
}

/** A page goes on in prose behind the number of a section of its own. */
function numberOf(cited: string): string {
  return /^\d+(?:\.\d+)*/.exec(cited)?.[0] ?? cited;
}

/** `2`, `6.1`, `4 register`, `Delivery`: a number has to be there, and so has the name behind it, if one follows. */
function isSection(headings: readonly Heading[], cited: string): boolean {
  const [, number, after = ''] = /^(\d+(?:\.\d+)*)(.*)$/s.exec(cited) ?? [];
  if (number === undefined) return headings.some(({ title }) => isNamed(cited, title));
  const start = headings.findIndex((heading) => heading.number === number);
  const section = headings[start];
  if (section === undefined) return false;
  if (!/^ [A-Za-z]/.test(after) || /^ (and|or)\b/.test(after)) return true;
  const end = headings.findIndex(({ level }, at) => at > start && level <= section.level);
  const parts = headings.slice(start, end === -1 ? undefined : end);
  return parts.some(({ title }) => isNamed(after.trimStart(), title));
}

/** A heading over several things (`msgPush and msgPushtry`) is cited by its whole or by each of them. */
function isNamed(cited: string, title: string): boolean {
  return [title, ...title.split(' and ')].some(
    (name) => cited.startsWith(name) && !/^[\p{L}\p{N}]/u.test(cited.slice(name.length)),
  );
}

/** Links of a page to files of ours. */
export function linksOf(page: string): { readonly line: number; readonly target: string }[] {
  return [...page.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(({ 1: target, index }) =>
    target === undefined || /^[a-z]+:/.test(target) ? [] : [{ line: lineAt(page, index), target }],
  );
}

/** Paths in backticks that begin at a folder of ours; `<name>` stands for any name, `{a,b}` for each. */
export function pathsOf(page: string): { readonly line: number; readonly path: string }[] {
  return [...page.matchAll(/`((?:bin|src|test|bench|scripts|docs)\/[\w./{},*<>-]+)`/g)].flatMap(({ 1: path, index }) =>
    path === undefined ? [] : [{ line: lineAt(page, index), path: path.replace(/<[^>]+>/g, '*') }],
  );
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
