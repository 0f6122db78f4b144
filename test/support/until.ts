/** Waits for a state by asking for it again and again; never for a time to pass. */
import { setTimeout as pause } from 'node:timers/promises';

const ASK_EVERY_MS = 20;

export interface UntilOptions {
  /** 10 s by default. */
  readonly withinMs?: number;
}

/**
 * Asks until the answer is neither `undefined` nor `false`.
 * @param what names the state in the message of a timeout
 * @returns that answer
 */
export async function until<T>(
  what: string,
  ask: () => T | undefined | false | Promise<T | undefined | false>,
  { withinMs = 10_000 }: UntilOptions = {},
): Promise<T> {
  const giveUpAt = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (performance.now() > giveUpAt) throw new Error(`not within ${withinMs} ms: ${what}`);
    await pause(ASK_EVERY_MS);
  }
}
