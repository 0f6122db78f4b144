/**
 * msgId (`docs/api.md §3`): `yyyyMMddHHmmssSSS` in the service's time zone at its standard offset, 4 characters that name
 * the source, 5 that count and randomise. Digits and lowercase letters; ids of one source sort in the order they were made.
 */
import { createHash } from 'node:crypto';
import type { ZonedTime } from './time.ts';

const BASE = 36;
const TAIL_SPACE = BASE ** 5;
/** Within a millisecond the count starts somewhere in the lower half and goes on in random steps below this. */
const MAX_STEP = 1000;

export const msgIdPattern = /^[0-9]{17}[0-9a-z]{9}$/;

export interface MsgIdState {
  /** ms since 1970 of the newest id; a clock that steps back does not take the ids with it. */
  readonly at: number;
  readonly count: number;
}

export const noMsgId: MsgIdState = { at: 0, count: 0 };

/** The 4 characters of a source: a hash of its name. */
export function sourceOf(nodeName: string): string {
  const hash = createHash('sha256').update(nodeName).digest();
  return (hash.readUInt32BE(0) % BASE ** 4).toString(BASE).padStart(4, '0');
}

/**
 * The next id of a source.
 * @param now ms since 1970
 * @param random a number in [0, 1)
 */
export function nextMsgId(
  state: MsgIdState,
  input: { readonly now: number; readonly random: number; readonly source: string; readonly time: ZonedTime },
): { readonly id: string; readonly state: MsgIdState } {
  const next = advance(state, input.now, input.random);
  const tail = next.count.toString(BASE).padStart(5, '0');
  return { id: input.time.stamp(next.at) + input.source + tail, state: next };
}

function advance(state: MsgIdState, now: number, random: number): MsgIdState {
  if (now > state.at) return { at: now, count: Math.floor((random * TAIL_SPACE) / 2) };
  const count = state.count + 1 + Math.floor(random * MAX_STEP);
  return count < TAIL_SPACE
    ? { at: state.at, count }
    : { at: state.at + 1, count: Math.floor((random * TAIL_SPACE) / 2) };
}
