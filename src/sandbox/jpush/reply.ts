/** Answers of the look-alike, and the faults that stand in for them. */
import type { Fault } from './faults.ts';
import type { Accepted } from './push.ts';
import type { Refusal } from './types.ts';

export type Reply =
  | {
      readonly type: 'answer';
      readonly status: number;
      readonly contentType: string;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** The connection breaks. */
  | { readonly type: 'drop' };

export function json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Reply {
  return { type: 'answer', status, contentType: 'application/json', body: JSON.stringify(value), headers };
}

/** Success without a body. */
export const empty: Reply = { type: 'answer', status: 200, contentType: 'application/json', body: '' };

export function refused({ status, code, message }: Refusal): Reply {
  return json(status, { error: { code, message } });
}

export function accepted({ sendno, msgId }: Accepted, now: number): Reply {
  const headers = { 'X-JPush-MsgId': msgId, 'X-JPush-Timestamp': String(now) };
  return json(200, { sendno, msg_id: msgId }, headers);
}

/** The answer of a fault that strikes before the call has any effect. */
export function instead(fault: Fault): Reply | undefined {
  switch (fault.type) {
    case 'error':
      return faultyError(fault);
    case 'html':
      return { ...page, status: fault.status };
    case 'reset':
      return fault.accepted ? undefined : { type: 'drop' };
    default:
      return undefined;
  }
}

/** The answer to a call that has had its effect, spoiled if the fault says so. */
export function spoiled(fault: Fault | undefined, reply: Reply): Reply {
  switch (fault?.type) {
    case 'reset':
      return { type: 'drop' };
    case 'garble':
      return { type: 'answer', status: 200, contentType: 'text/plain', body: '{"sendno": "1", "msg_id' };
    default:
      return reply;
  }
}

const page = {
  type: 'answer',
  contentType: 'text/html',
  body: '<html><head><title>502 Bad Gateway</title></head><body><center>openresty</center></body></html>',
} as const;

/** Written by hand, because its number is longer than JavaScript's can be. */
function faultyError({ status, code, message = 'fault', numericMsgId }: Extract<Fault, { type: 'error' }>): Reply {
  const error = JSON.stringify({ code, message });
  const msgId = numericMsgId === true ? '"msg_id":18101213529672826123,' : '';
  return { type: 'answer', status, contentType: 'application/json', body: `{${msgId}"error":${error}}` };
}
