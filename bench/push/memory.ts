/** Whether memory stays flat over many messages. */
import { progress } from '../support/machine.ts';
import { rounded } from '../support/numbers.ts';
import type { Memory } from '../support/proc.ts';
import type { Stage } from './stage.ts';

/** Sent at once; the backlog then drains, so that what is measured is what stays. */
const PORTION = 10_000;

export async function memoryOver(stage: Stage, messages: number) {
  const seen: Memory[] = [];
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

/** From the first look to the last. */
export function growth(seen: readonly Memory[]) {
  const first = seen[0];
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
