import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { nextMsgId, noMsgId, sourceOf } from '../domain/msg-id.ts';
import type { ZonedTime } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';

/** Makes the msgIds of this process. Its source is the host, the process and a random part: containers share the first two. */
export function msgIds(time: ZonedTime, clock: Clock): () => string {
  const source = sourceOf(`${hostname()} ${process.pid} ${randomBytes(8).toString('hex')}`);
  let state = noMsgId;
  return () => {
    const next = nextMsgId(state, { now: clock.now(), random: Math.random(), source, time });
    state = next.state;
    return next.id;
  };
}
