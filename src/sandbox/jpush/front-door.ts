/** Checks credentials and rate (`docs/jpush.md §1 Auth, §4`). */
import { type RateHeaders, type RateWindows, rateWindows } from './rate-windows.ts';
import { type JPushApp, type Refusal, refusal } from './types.ts';

export type Admission =
  | { readonly type: 'admitted'; readonly appKey: string; readonly headers: RateHeaders }
  | { readonly type: 'refused'; readonly refusal: Refusal; readonly headers: RateHeaders };

export interface FrontDoor extends Pick<RateWindows, 'setLimit'> {
  /** Auth, then rate. @param authorization the header @param now ms since 1970 */
  admit(authorization: string | undefined, now: number): Admission;
}

/** @param callsPerMinute for each app */
export function frontDoor(apps: readonly JPushApp[], callsPerMinute: number): FrontDoor {
  const appKeys = new Map(apps.map(({ appKey, masterSecret }) => [`${appKey}:${masterSecret}`, appKey]));
  const windows = rateWindows(callsPerMinute);
  return {
    admit(authorization, now) {
      const appKey = appKeys.get(credentialsIn(authorization));
      if (appKey === undefined) return { type: 'refused', refusal: refusal(401, 1004, 'Authen failed'), headers: {} };
      const { allowed, headers } = windows.charge(appKey, now);
      return allowed
        ? { type: 'admitted', appKey, headers }
        : { type: 'refused', refusal: refusal(429, 2002, 'Rate limit exceeded'), headers };
    },
    setLimit: windows.setLimit,
  };
}

/** The scheme's name is in any case (RFC 9110 §11.1). */
function credentialsIn(authorization = ''): string {
  const [, encoded = ''] = /^basic +(\S+)$/i.exec(authorization) ?? [];
  return Buffer.from(encoded, 'base64').toString('utf8');
}
