/** A call that is repeated while the service is away or busy. */
import { randomUUID } from 'node:crypto';
import { callUms, mintToken, type UmsRequest } from '../client/client.ts';

/** Waits `ms`; rejects as soon as the signal aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>;

export interface PatientCall extends Pick<UmsRequest, 'url' | 'app' | 'path'> {
  readonly clientId: string;
  readonly body: object;
  /** The user for whom a token is minted. */
  readonly userId?: string | undefined;
  readonly tokenSecret: string;
}

export type PatientAnswer =
  | { readonly type: 'answered'; readonly retCode: string; readonly retInfo: string }
  /** After several tries. */
  | { readonly type: 'unanswered'; readonly reason: string };

const TRIES = 5;
const FIRST_PAUSE_MS = 250;
const TIMEOUT_MS = 5000;

/** All tries share one sequenceId, so that a try whose answer was lost has no second effect. @throws if aborted */
export async function callPatiently(call: PatientCall, pause: Pause, signal: AbortSignal): Promise<PatientAnswer> {
  const sequenceId = randomUUID().replaceAll('-', '');
  let answer: PatientAnswer = { type: 'unanswered', reason: 'not tried' };
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    if (attempt > 0) await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);
    signal.throwIfAborted();
    answer = await tryOnce(call, sequenceId);
    if (answer.type === 'answered') return answer;
  }
  return answer;
}

async function tryOnce(call: PatientCall, sequenceId: string): Promise<PatientAnswer> {
  const { url, app, path, clientId, userId, tokenSecret } = call;
  try {
    const token = userId === undefined ? undefined : await mintToken(tokenSecret, userId, { clientId });
    const { status, text } = await callUms({
      url,
      app,
      path,
      clientId,
      sequenceId,
      body: JSON.stringify(call.body),
      timeoutMs: TIMEOUT_MS,
      ...(token !== undefined && { token }),
    });
    return status >= 500 || status === 429 ? { type: 'unanswered', reason: `HTTP ${status}` } : readEnvelope(text);
  } catch (error) {
    return { type: 'unanswered', reason: error instanceof Error ? error.message : String(error) };
  }
}

function readEnvelope(text: string): PatientAnswer {
  const { retCode, retInfo } = JSON.parse(text) as { retCode?: unknown; retInfo?: unknown };
  return { type: 'answered', retCode: String(retCode), retInfo: String(retInfo) };
}
