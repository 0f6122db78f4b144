/** Delivery over the JPush REST API v3 (`docs/jpush.md`): each chunk of recipients is one call with one cid. */
import type { AppDirectory, JPushAccount } from '../../../domain/apps.ts';
import { assertNever } from '../../../domain/decider.ts';
import { type Clock, type MonotonicClock, systemMonotonic } from '../../../ports/clock.ts';
import type { CallFailure, Delivery, KeyedChannel, SendResult } from '../channel.ts';
import type { Answer } from './answer.ts';
import { type CidBatch, type CidPool, cidPool } from './cids.ts';
import { reasonOf } from './codes.ts';
import { type Call, jpushHttp, type Reply } from './http.ts';
import { pushBody } from './push-body.ts';
import { type GrowingWait, growingWait, type RateWindow, rateAfter, rateOf } from './rate.ts';
import { targetsRefused } from './recipients.ts';
import { type Verdict, verdictOf } from './verdict.ts';

const DEADLINE_MS = 8000;

export interface JPushOptions {
  /** Root of the API, `https://api.jpush.cn`. */
  readonly url: string;
  /** Has the credentials of each package. */
  readonly packages: AppDirectory;
  readonly clock: Clock;
  readonly monotonic?: MonotonicClock;
  /** Deadline of one call, in ms, from connecting to the end of the answer. */
  readonly deadlineMs?: number;
}

/** The channel's memory of one app at JPush, by its appKey. The apps file bounds their number. */
interface Known {
  readonly cids: CidPool;
  readonly untoldWait: GrowingWait;
  rate: RateWindow | undefined;
}

/** A package without credentials is `denied`, so that its dead letters can be redriven once it has some. */
export function jpushChannel(options: JPushOptions): KeyedChannel {
  const { url, packages, clock, monotonic = systemMonotonic, deadlineMs = DEADLINE_MS } = options;
  const http = jpushHttp(url, deadlineMs);
  const closing = new AbortController();
  const apps = new Map<string, Known>();

  const knownOf = (credentials: JPushAccount): Known => {
    const known = apps.get(credentials.appKey) ?? {
      cids: cidPool({ fetchCids: (count) => fetchCids(credentials, count), clock, monotonic, deadlineMs }),
      untoldWait: growingWait(),
      rate: undefined,
    };
    apps.set(credentials.appKey, known);
    return known;
  };

  const exchange = async (
    credentials: JPushAccount,
    call: Omit<Call, 'appKey' | 'authorization'>,
    signal: AbortSignal,
  ): Promise<Verdict> => {
    const { appKey, masterSecret } = credentials;
    const authorization = `Basic ${Buffer.from(`${appKey}:${masterSecret}`).toString('base64')}`;
    const reply = await http.call({ ...call, appKey, authorization }, signal);
    const known = knownOf(credentials);
    const now = monotonic.elapsed();
    const verdict = verdictOf(reply, clock.now(), () => known.untoldWait.next(now));
    known.rate = rateAfter(known.rate, announcedRate(reply, verdict, now), now);
    return verdict;
  };

  const fetchCids = async (credentials: JPushAccount, count: number): Promise<CidBatch> => {
    const call = { method: 'GET', path: `/v3/push/cid?count=${count}&type=push` } as const;
    try {
      return cidBatch(await exchange(credentials, call, closing.signal));
    } catch {
      return { type: 'failed', reason: 'the channel is closed' };
    }
  };

  return {
    async reserveKey(appPackage, signal) {
      const credentials = packages.package(appPackage)?.jpush;
      return credentials === undefined ? noCredentials(appPackage) : knownOf(credentials).cids.take(signal);
    },

    async send(delivery, signal) {
      const credentials = packages.package(delivery.appPackage)?.jpush;
      if (credentials === undefined) return noCredentials(delivery.appPackage);
      const body = pushBody(delivery, credentials);
      const verdict = await exchange(credentials, { method: 'POST', path: '/v3/push', body }, signal);
      const known = knownOf(credentials);
      // If JPush does not know one cid, it does not know the others of its batch either.
      if (verdict.type === 'refused' && verdict.namesCid) known.cids.clear();
      const result = sendResult(verdict, delivery);
      if (isPastRate(result)) known.untoldWait.reset();
      return result;
    },

    rate(appPackage) {
      const appKey = packages.package(appPackage)?.jpush?.appKey;
      const known = appKey === undefined ? undefined : apps.get(appKey);
      if (known === undefined) return undefined;
      const now = monotonic.elapsed();
      const rate = isClosed(known.rate, now) ? known.rate : (known.untoldWait.trial(now) ?? known.rate);
      return rate && { remaining: rate.remaining, resetsInMs: rate.endsAt - now };
    },

    async close() {
      closing.abort(new Error('the channel is closed'));
      await http.close();
    },
  };
}

function isClosed(rate: RateWindow | undefined, now: number): boolean {
  return rate !== undefined && rate.remaining === 0 && rate.endsAt > now;
}

/** Whether the rate let a push through. Cids say nothing about that: they are handed out while pushes are refused. */
function isPastRate({ type }: SendResult): boolean {
  return type !== 'failed' && type !== 'deferred' && type !== 'denied' && type !== 'unreadable';
}

/** A 429 closes the window even without headers; a 1012 is about one kind of push, not about the window. */
function announcedRate(reply: Reply, verdict: Verdict, now: number): RateWindow | undefined {
  if (reply.type !== 'answered') return undefined;
  if (reply.status === 429 && verdict.type === 'deferred') return { remaining: 0, endsAt: now + verdict.retryAfterMs };
  return rateOf(reply.header, now);
}

function noCredentials(appPackage: string): CallFailure {
  return { type: 'denied', reason: `no JPush credentials for ${appPackage}` };
}

function sendResult(verdict: Verdict, delivery: Delivery): SendResult {
  switch (verdict.type) {
    case 'accepted':
      return acceptance(verdict.answer);
    case 'target':
      return targetsRefused(verdict, delivery);
    case 'refused':
      return {
        type: verdict.namesCid ? 'keyRefused' : 'refused',
        reason: verdict.reason,
        provider: verdict.provider,
      };
    case 'failed':
    case 'deferred':
    case 'denied':
      return verdict;
    default:
      return assertNever(verdict);
  }
}

/**
 * JPush gives a msg_id with each push that it takes; a 200 without one may be a proxy's page. One with an `error`
 * contradicts itself, and a msg_id beside it proves nothing: refused pushes have been seen with one (`docs/jpush.md
 * §3`).
 */
function acceptance({ msgId, hasError, code, message }: Answer): SendResult {
  if (msgId !== undefined && !hasError) return { type: 'sent', providerMessageId: msgId };
  const reason = hasError ? reasonOf(200, code, message) : 'HTTP 200 without a msg_id';
  return { type: 'unreadable', reason, provider: { httpStatus: 200, code }, providerMessageId: msgId };
}

/** A refused request for cids refuses no message, so it counts as a failure. */
function cidBatch(verdict: Verdict): CidBatch {
  switch (verdict.type) {
    case 'accepted':
      return verdict.answer.cids === undefined
        ? { type: 'failed', reason: 'malformed answer to a request for cids', provider: { httpStatus: 200 } }
        : { type: 'cids', cids: verdict.answer.cids };
    case 'target':
    case 'refused':
      return { type: 'failed', reason: verdict.reason, provider: verdict.provider };
    case 'failed':
    case 'deferred':
    case 'denied':
      return verdict;
    default:
      return assertNever(verdict);
  }
}
