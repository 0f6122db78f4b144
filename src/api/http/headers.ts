/** The headers of a request (`docs/api.md §2 Headers`). */
import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { type Rejection, reject } from '../../domain/result-codes.ts';
import { isLongerThan } from './text.ts';

/** An empty one counts as absent. */
export interface RequestHeaders {
  readonly appId: string | undefined;
  readonly appVersion: string | undefined;
  readonly clientId: string | undefined;
  readonly sequenceId: string | undefined;
  readonly accessToken: string | undefined;
  readonly sign: string | undefined;
  readonly timestamp: string | undefined;
  readonly traceparent: string | undefined;
}

/** In characters. */
const maxLength = { appId: 40, appVersion: 32, clientId: 64, sequenceId: 32 } as const;

export function readHeaders(headers: IncomingHttpHeaders): RequestHeaders {
  return {
    appId: decoded(headers.appid),
    appVersion: decoded(headers.appversion),
    clientId: decoded(headers.clientid),
    sequenceId: decoded(headers.sequenceid),
    accessToken: decoded(headers.accesstoken),
    sign: decoded(headers.sign),
    timestamp: decoded(headers.timestamp),
    traceparent: decoded(headers.traceparent),
  };
}

/** The first header that is missing or too long, in the order of the contract. */
export function checkHeaders(headers: RequestHeaders, options: { readonly clientId: boolean }): Rejection | undefined {
  if (isLongerThan(headers.appId, maxLength.appId)) return reject('B00006', 'appId');
  if (isLongerThan(headers.appVersion, maxLength.appVersion)) return reject('B00006', 'appVersion');
  if (options.clientId) {
    if (headers.clientId === undefined) return reject('B00001', 'clientId');
    if (isLongerThan(headers.clientId, maxLength.clientId)) return reject('B00006', 'clientId');
  }
  if (isLongerThan(headers.sequenceId, maxLength.sequenceId)) return reject('B00006', 'sequenceId');
  return undefined;
}

const BEYOND_ASCII = /[\u0080-\u00ff]/;

/** HTTP hands header values over byte for byte (latin1); those that are UTF-8 are meant as UTF-8. */
function decoded(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (!BEYOND_ASCII.test(value)) return value;
  const bytes = Buffer.from(value, 'latin1');
  return isUtf8(bytes) ? bytes.toString('utf8') : value;
}
