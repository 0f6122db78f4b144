/** One line when shedding begins and one when it is over: each refused request has its own line in the access log. */
import type { Logger } from '../../ports/logger.ts';

/** Shedding is over once nothing was refused for this long, in ms. */
const OVER_AFTER_MS = 5_000;

export interface ShedLog {
  refused(): void;
  /** Called now and then while `shedding`. */
  windowEnded(limit: number): void;
  readonly shedding: boolean;
}

export function shedLog(logger: Logger, now: () => number = () => performance.now()): ShedLog {
  let refused = 0;
  let beganAt = 0;
  let lastAt = 0;
  let isLogged = false;
  return {
    get shedding() {
      return refused > 0;
    },
    refused() {
      lastAt = now();
      if (refused === 0) beganAt = lastAt;
      refused += 1;
    },
    windowEnded(limit) {
      if (refused === 0) return;
      if (!isLogged) {
        isLogged = true;
        logger.warn({ limit }, 'shedding load');
      } else if (now() - lastAt >= OVER_AFTER_MS) {
        logger.info({ limit, refused, seconds: Math.round((lastAt - beganAt) / 1000) }, 'no longer shedding load');
        refused = 0;
        isLogged = false;
      }
    },
  };
}
