import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { nextMsgId, noMsgId, sourceOf } from '../domain/msg-id.ts';
import type { ZonedTime } from '../domain/time.ts';
import type { Clock } from '../ports/clock.ts';

/**
 * The name of an embedded service's only node, made of its host and its data folder. One process holds the folder at a
 * time, so no two running processes share a name, and a restart keeps it. The ids of a process and of its predecessor
 * differ by their milliseconds or, if the clock was set back in between, by a count that starts at one of 30 million
 * numbers. If an id occurs twice even so, its stream refuses it.
 * @param dataDir an existing folder
 */
export function embeddedNode(dataDir: string): string {
  return `${hostname()} ${realpathSync(dataDir)}`;
}

/** Makes the msgIds of a node (`docs/api.md §3`). @param node its name, which no other running process has */
export function msgIds(time: ZonedTime, clock: Clock, node: string): () => string {
  const source = sourceOf(node);
  let state = noMsgId;
  return () => {
    const next = nextMsgId(state, { now: clock.now(), random: Math.random(), source, time });
    state = next.state;
    return next.id;
  };
}
