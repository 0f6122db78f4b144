/** The meaning of a reply of JPush, for any recipients. */
import { assertNever } from '../../../domain/decider.ts';
import type { CallFailure, ProviderAnswer } from '../channel.ts';
import { type Answer, msgIdOf, parseAnswer } from './answer.ts';
import { classOf, reasonOf } from './codes.ts';
import type { Reply } from './http.ts';
import { retryAfterMs } from './rate.ts';

export type Verdict =
  /** Status 200: accepted, with any body (`docs/jpush.md §3`), provided that JPush has sent it and not a proxy. */
  | { readonly type: 'accepted'; readonly answer: Answer }
  | {
      readonly type: 'refused';
      readonly reason: string;
      readonly provider: ProviderAnswer;
      /** Whether JPush refuses the cid, and not the message. */
      readonly namesCid: boolean;
    }
  /** Refused because of its targets; `text` is JPush's own and may name one. Not for logs. */
  | {
      readonly type: 'target';
      readonly text: string;
      readonly reason: string;
      readonly provider: ProviderAnswer;
    }
  | CallFailure;

/**
 * @param now ms since 1970, for a Retry-After that is a date
 * @param untoldWait ms to wait after a refusal for the rate that doesn't say how long
 */
export function verdictOf(reply: Reply, now: number, untoldWait: () => number): Verdict {
  if (reply.type === 'unanswered') return { type: 'failed', reason: reply.reason };
  const answer = parseAnswer(reply.text);
  if (reply.status === 200)
    return { type: 'accepted', answer: { ...answer, msgId: answer.msgId ?? msgIdOf(reply.header('x-jpush-msgid')) } };

  const { code, message: text = '' } = answer;
  const provider = { httpStatus: reply.status, code };
  const reason = reasonOf(reply.status, code, text);
  const type = classOf(reply.status, code, namesRegistrationId(text));
  switch (type) {
    case 'failed':
    case 'denied':
      return { type, reason, provider };
    case 'refused':
      return { type, reason, provider, namesCid: code === 1003 && /\bcid\b/i.test(text) };
    case 'target':
      return { type, text, reason, provider };
    case 'deferred':
      return { type, reason, provider, retryAfterMs: retryAfterMs(reply.header, now) ?? untoldWait() };
    default:
      return assertNever(type);
  }
}

function namesRegistrationId(text: string): boolean {
  return /registration[\s_-]?id/i.test(text);
}
