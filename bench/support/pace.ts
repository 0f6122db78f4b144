/** When requests are due. */
import type { Connection } from './connection.ts';

export type LoadMode =
  /** Every connection sends its next request as soon as it has the answer to the one before. */
  | { readonly type: 'closed'; readonly ms: number }
  /** The same, until each template was sent once. */
  | { readonly type: 'once' }
  /** The same, until so many are answered. */
  | { readonly type: 'count'; readonly total: number }
  /** Requests come at a fixed rate, however the server fares; latency counts from when one was due. */
  | { readonly type: 'open'; readonly ms: number; readonly perSecond: number }
  /** The same; requests that find no idle connection are not sent, as their callers have all they can do with waiting. */
  | { readonly type: 'flood'; readonly ms: number; readonly perSecond: number };

/** When the next request of an idle connection was due, in ms of `performance.now()`; `undefined`: none is, by now. */
export type Pace = (connection: Connection, now: number) => number | undefined;

/** Most requests that are due and have no connection; with more the server can't keep up with the rate. */
const MAX_BEHIND = 20_000;
/** Requests of a flood that are due for longer, in ms, are dropped. */
const FLOOD_MS = 10;

export function paceOf(mode: LoadMode, startedAt: number): Pace {
  let sent = 0;
  switch (mode.type) {
    case 'closed':
      return (_, now) => (now - startedAt < mode.ms ? now : undefined);
    case 'once':
      return ({ turn, templates }, now) => (turn < templates.length ? now : undefined);
    case 'count':
      return (_, now) => {
        if (sent === mode.total) return undefined;
        sent += 1;
        return now;
      };
    case 'open':
      return (_, now) => {
        const due = startedAt + (sent * 1000) / mode.perSecond;
        if (due > now || due - startedAt >= mode.ms) return undefined;
        if (((now - due) * mode.perSecond) / 1000 > MAX_BEHIND)
          throw new Error(`the server can't keep up with ${mode.perSecond}/s`);
        sent += 1;
        return due;
      };
    case 'flood':
      return (_, now) => {
        const due = ((now - startedAt) * mode.perSecond) / 1000;
        if (now - startedAt >= mode.ms || sent + 1 > due) return undefined;
        sent = Math.max(sent + 1, due - (FLOOD_MS * mode.perSecond) / 1000);
        return now;
      };
  }
}

/** Whether nothing more can become due once no request is on its way. */
export function isOver(mode: LoadMode, startedAt: number, now: number): boolean {
  return (mode.type !== 'open' && mode.type !== 'flood') || now - startedAt >= mode.ms;
}
