/** The path of a request target as it was sent: no origin (the absolute form has one), no query string, no fragment. */
export function pathOf(target: string): string {
  const start = target.startsWith('/') ? 0 : pathStart(target);
  const end = target.slice(start).search(/[?#]/);
  return end === -1 ? target.slice(start) : target.slice(start, start + end);
}

function pathStart(target: string): number {
  const origin = /^https?:\/\/[^/?#]*/i.exec(target);
  return origin === null ? 0 : origin[0].length;
}
