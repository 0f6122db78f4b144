/** Whether a text has more than this many characters (code points, not UTF-16 units). An absent text has none. */
export function isLongerThan(text: string | undefined, characters: number): boolean {
  if (text === undefined || text.length <= characters) return false;
  let count = 0;
  for (const _ of text) {
    count += 1;
    if (count > characters) return true;
  }
  return false;
}
