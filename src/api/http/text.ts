/** Whether a text has more than so many characters (code points, not UTF-16 units); an absent one has none. */
export function isLongerThan(text: string | undefined, characters: number): boolean {
  if (text === undefined || text.length <= characters) return false;
  let count = 0;
  for (const _ of text) {
    count += 1;
    if (count > characters) return true;
  }
  return false;
}
