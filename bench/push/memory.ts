/** Whether memory stays flat over many messages. */
import { progress } from '../support/machine.ts';
import { rounded } from '../support/numbers.ts';
import type { Look, Stage } from './stage.ts';

/** Sent at once; the backlog then drains, so that the memory that stays is measured. */
const PORTION = 10_000;

export async function memoryOver(stage: Stage, messages: number) {
  const seen: Look[] = [];
  const started = performance.now();
  while (stage.taken.messages < messages) {
    await stage.push(1, { mode: { type: 'count', total: Math.min(PORTION, messages - stage.taken.messages) } });
    await stage.observer.drained();
    seen.push(stage.memory());
    const rate = stage.taken.messages / ((performance.now() - started) / 1000);
    progress(`${stage.taken.messages} messages, ${Math.round(rate)}/s, ${JSON.stringify(seen.at(-1))}`);
  }
  return { messages: stage.taken.messages, ...growth(seen) };
}

/** By then everything has been used and every cache has something in it. */
const SETTLED = 10_000;

/** From the first look after 10^4 messages (the first of all, in a run too short for that) to the last one. */
export function growth(seen: readonly Look[]) {
  const first = seen.find(({ messages }) => messages >= SETTLED) ?? seen[0];
  const last = seen.at(-1);
  if (first === undefined || last === undefined) throw new Error('nobody looked at the memory');
  return {
    first,
    last,
    highestRssMb: Math.max(...seen.map(({ rssMb }) => rssMb)),
    rssGrowth: rounded(last.rssMb / first.rssMb),
    anonymousGrowth: rounded(last.anonymousMb / first.anonymousMb),
  };
}
