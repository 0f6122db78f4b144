/** Who may call, and how often (`docs/jpush.md §1 Auth, §4`). Each of JPush's three APIs has its own codes and its own minute. */
import { type RateHeaders, type RateWindows, rateWindows } from './rate-windows.ts';
import { type JPushApp, type Refusal, refusal } from './types.ts';

export type Api = 'push' | 'report' | 'device';

/** One server here; JPush has a host for each. */
export function apiOf(path: string): Api {
  if (/^\/v3\/(received|status|messages|users)\b/.test(path)) return 'report';
  return /^\/v3\/(devices|aliases|tags)\b/.test(path) ? 'device' : 'push';
}

export type Admission =
  | { readonly type: 'admitted'; readonly appKey: string; readonly headers: RateHeaders }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly headers: RateHeaders };

export interface FrontDoor extends Pick<RateWindows, 'setLimit'> {
  /** Auth, then rate. @param authorization the header @param now ms since 1970 */
  admit(api: Api, authorization: string | undefined, now: number): Admission;
}

/** Reports may be asked for that much more often. */
const REPORTS_PER_PUSH = 4;

/** @param callsPerMinute of the push API, for each app */
export function frontDoor(apps: readonly JPushApp[], callsPerMinute: number): FrontDoor {
  const appKeys = new Map(apps.map(({ appKey, masterSecret }) => [`${appKey}:${masterSecret}`, appKey]));
  const windows: Readonly<Record<Api, RateWindows>> = {
    push: rateWindows(callsPerMinute),
    report: rateWindows(callsPerMinute * REPORTS_PER_PUSH),
    device: rateWindows(callsPerMinute),
  };
  return {
    admit(api, authorization, now) {
      const appKey = appKeys.get(credentialsIn(authorization));
      if (appKey === undefined) return { type: 'refused', refusal: unknown(api, authorization), headers: {} };
      const { allowed, headers } = windows[api].charge(appKey, now);
      return allowed
        ? { type: 'admitted', appKey, headers }
        : { type: 'refused', refusal: refusal(429, 2002, 'Rate limit exceeded'), headers };
    },
    setLimit(limit) {
      windows.push.setLimit(limit);
      windows.report.setLimit(limit * REPORTS_PER_PUSH);
      windows.device.setLimit(limit);
    },
  };
}

/** The scheme's name is in any case (RFC 9110 §11.1). */
function credentialsIn(authorization = ''): string {
  const [, encoded = ''] = /^basic +(\S+)$/i.exec(authorization) ?? [];
  return Buffer.from(encoded, 'base64').toString('utf8');
}

function unknown(api: Api, authorization: string | undefined): Refusal {
  if (api === 'report') return refusal(401, 3001, 'Basic authentication failed');
  if (api === 'push') return refusal(401, 1004, 'Authen failed');
  return authorization === undefined
    ? refusal(401, 7001, 'Basic authentication is empty')
    : refusal(401, 7004, 'Basic authentication failed');
}
