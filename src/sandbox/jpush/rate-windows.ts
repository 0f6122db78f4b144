/** JPush's rate limit: a window of a minute for each appKey (`docs/jpush.md §4`). */

const WINDOW_MS = 60_000;

export type RateHeaders = Readonly<Record<string, string>>;

export interface RateWindows {
  /** Counts one call. `headers` go on its answer; empty without a limit. */
  charge(appKey: string, now: number): { readonly allowed: boolean; readonly headers: RateHeaders };
  /** Calls a minute for each appKey from now on; `Infinity`: no limit, and no headers. */
  setLimit(callsPerMinute: number): void;
}

interface Window {
  readonly endsAt: number;
  used: number;
}

export function rateWindows(callsPerMinute: number): RateWindows {
  let limit = callsPerMinute;
  const windows = new Map<string, Window>();

  const current = (appKey: string, now: number): Window => {
    const known = windows.get(appKey);
    if (known !== undefined && now < known.endsAt) return known;
    const fresh = { endsAt: now + WINDOW_MS, used: 0 };
    windows.set(appKey, fresh);
    return fresh;
  };

  return {
    charge(appKey, now) {
      if (limit === Number.POSITIVE_INFINITY) return { allowed: true, headers: {} };
      const window = current(appKey, now);
      const allowed = window.used < limit;
      if (allowed) window.used += 1;
      return { allowed, headers: headersOf(limit, limit - window.used, window.endsAt - now) };
    },
    setLimit(value) {
      limit = value;
      windows.clear();
    },
  };
}

/** Both spellings of the limit are in use. */
function headersOf(limit: number, remaining: number, leftMs: number): RateHeaders {
  return {
    'X-Rate-Limit-Limit': String(limit),
    'X-Rate-Limit-Quota': String(limit),
    'X-Rate-Limit-Remaining': String(Math.max(remaining, 0)),
    'X-Rate-Limit-Reset': String(Math.ceil(leftMs / 1000)),
  };
}
