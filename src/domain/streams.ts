/** Stream names (`docs/events.md`): ASCII only, parts from outside are percent-encoded. */
import type { TargetRef } from './events.ts';

export type StreamName = string & { readonly __brand: 'StreamName' };

/** encodeURIComponent leaves `!'()*` and refuses lone surrogates; both are closed here. */
function encode(part: string): string {
  return encodeURIComponent(part.toWellFormed()).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

export const streamPrefixes = { registration: 'registration-', message: 'message-', receipt: 'receipt-' } as const;

/** `registration-{clientId}/{appPackage}` */
export function registrationStream(target: TargetRef): StreamName {
  return `registration-${registrationId(target)}` as StreamName;
}

/** The name of a registration in streams and read models: `{clientId}/{appPackage}`, encoded. */
export function registrationId(target: TargetRef): string {
  return `${encode(target.clientId)}/${encode(target.appPackage)}`;
}

/** `message-{msgId}` */
export function messageStream(msgId: string): StreamName {
  return `message-${encode(msgId)}` as StreamName;
}

/** `receipt-{msgId}/{clientId}` */
export function receiptStream(msgId: string, clientId: string): StreamName {
  return `receipt-${encode(msgId)}/${encode(clientId)}` as StreamName;
}
