/** Delivery on a real backend with its projections running, with a scripted clock and channels. */
import { randomUUID } from 'node:crypto';
import { expect, onTestFinished } from 'vitest';
import { redrive } from '../../src/commands/redrive.ts';
import type { ChannelName, EventOf, MessageEvent, Registration, Target, UmsEvent } from '../../src/domain/events.ts';
import { messageStream, registrationId, registrationStream } from '../../src/domain/streams.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { type DeliveryJob, deliveryJob } from '../../src/ports/delivery-jobs.ts';
import type { RecordedEvent } from '../../src/ports/event-log.ts';
import type { Job } from '../../src/ports/jobs.ts';
import { startProjections } from '../../src/projections/index.ts';
import type { Channel, Delivery, KeyResult, RateState, SendResult } from '../../src/workers/channels/channel.ts';
import { delivery } from '../../src/workers/delivery/deliver.ts';
import { type Lane, lane } from '../../src/workers/delivery/lane.ts';
import type { DeliveryDeps } from '../../src/workers/delivery/work.ts';
import { startDeliveryWorker } from '../../src/workers/delivery/worker.ts';
import { freshName } from '../contract/support.ts';
import { aContext, aMessage, aRegistration, aTarget } from '../fixtures/samples.ts';
import { openTestBackend } from '../support/embedded.ts';
import { appendAll } from '../support/events.ts';

export const DAY_MS = 86_400_000;

/** The backend that the tests of a file share. */
export async function openShop() {
  const test = await openTestBackend();
  const { log, documents, contents, jobs, leases } = test.backend;
  const nothing = (): void => undefined;
  const logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };
  const runners = await startProjections({ log, documents, leases, logger });
  return {
    ports: { log, documents, contents, jobs },
    async close() {
      await Promise.all(runners.map((runner) => runner.stop()));
      await test.close();
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

/** Stands still, now, until it is moved. */
function movableClock(): Clock & { move(ms: number): void } {
  let now = Date.now();
  return {
    now: () => now,
    move(ms) {
      now += ms;
    },
  };
}

type Scripted<R> = R | ((delivery: Delivery, signal: AbortSignal) => Promise<R> | R);

/** Answers as scripted, then always `sent`; records its calls. */
export function scriptedChannel(clock: Clock, name = 'key') {
  const sends: Delivery[] = [];
  const keys: KeyResult[] = [];
  const answers: Scripted<SendResult>[] = [];
  const keyAnswers: (KeyResult | (() => Promise<KeyResult>))[] = [];
  const told: { rate?: RateState; closed: boolean } = { closed: false };
  const channel: Channel = {
    async reserveKey() {
      const scripted = keyAnswers.shift();
      const fresh: KeyResult = {
        type: 'reserved',
        key: `${name}-${keys.length + 1}`,
        validUntil: clock.now() + DAY_MS,
      };
      const result = typeof scripted === 'function' ? await scripted() : (scripted ?? fresh);
      keys.push(result);
      return result;
    },
    async send(sent, signal) {
      sends.push(sent);
      const scripted = answers.shift() ?? { type: 'sent', providerMessageId: `provider-${sends.length}` };
      return typeof scripted === 'function' ? scripted(sent, signal) : scripted;
    },
    rate: () => told.rate,
    async close() {
      told.closed = true;
    },
  };
  return {
    channel,
    sends,
    keys,
    told,
    /** Scripts the answers of the next calls, in order. */
    answer: (...next: Scripted<SendResult>[]) => void answers.push(...next),
    answerKey: (...next: (KeyResult | (() => Promise<KeyResult>))[]) => void keyAnswers.push(...next),
  };
}

/** Never answers; ends when it is cut off. */
export const hangs = (_: Delivery, signal: AbortSignal): Promise<SendResult> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
  });

export interface Accepting {
  /** clientIds, or targets where more of them matters. */
  readonly to?: readonly (string | Partial<Target>)[];
  /** Seconds. */
  readonly expires?: number;
  readonly boundUserId?: string;
  /** JSON text. */
  readonly content?: string;
}

export interface LoggedLine {
  readonly level: 'warn' | 'error';
  readonly fields: Readonly<Record<string, unknown>>;
  readonly text: string;
}

/** One test's delivery: a package of its own, so that no other test shares its terminals and queues. */
export function delivering({ ports }: Pick<Shop, 'ports'>, names: readonly ChannelName[] = ['jpush']) {
  const clock = movableClock();
  const appPackage = `com.${freshName()}`;
  const lines: LoggedLine[] = [];
  const nothing = (): void => undefined;
  const keep = (level: 'warn' | 'error') => (fields: object, text: string) =>
    void lines.push({ level, fields: fields as LoggedLine['fields'], text });
  const deps: DeliveryDeps = {
    ...ports,
    clock,
    logger: { debug: nothing, info: nothing, warn: keep('warn'), error: keep('error') },
  };
  const jpush = scriptedChannel(clock);
  const m2m = scriptedChannel(clock, 'm2m-key');
  const channels = Object.fromEntries(names.map((name) => [name, (name === 'jpush' ? jpush : m2m).channel]));
  const lanes = new Map<string, Lane>();
  const laneOf = (name: ChannelName, channel: Channel): Lane => {
    const known = lanes.get(name) ?? lane(channel, appPackage);
    lanes.set(name, known);
    return known;
  };
  const handlerOf = (own: DeliveryDeps) =>
    delivery(own, ({ channel: name }) => {
      const channel = channels[name];
      return channel === undefined ? undefined : { channel, lane: laneOf(name, channel) };
    });
  const handle = handlerOf(deps);

  return {
    deps,
    clock,
    appPackage,
    jpush,
    m2m,
    lines,

    /** Appends registrations (or other events of terminals of the package) and waits until they are seen. */
    async terminals(...events: UmsEvent[]): Promise<void> {
      const position = await appendAll(ports.log, events);
      if (!(await ports.documents.reached('devices', position, 10_000))) throw new Error('devices do not follow');
    },

    registered(clientId: string, overrides: Partial<Registration> = {}): EventOf<'ChannelRegistered'> {
      const own = { clientId, appPackage, pushId: `push-${clientId}`, ...overrides };
      return { type: 'ChannelRegistered', data: aRegistration(own) };
    },

    /** Accepts a message, with its content, to terminals that are registered. @returns its msgId */
    async accept({ to = ['c1'], expires = 3600, boundUserId, content = '{"text":"hello"}' }: Accepting = {}) {
      const msgId = freshName();
      const targets = to.map((target) =>
        aTarget({ appPackage, ...(typeof target === 'string' ? { clientId: target } : target) }),
      );
      const expiresAt = new Date(clock.now() + expires * 1000).toISOString();
      const data = aMessage({ msgId, targets, expires, expiresAt, boundUserId });
      const context = aContext({ correlationId: msgId, at: new Date(clock.now()).toISOString() });
      const event = { id: randomUUID(), event: { type: 'MessageAccepted', data } as const, context };
      await ports.log.append(messageStream(msgId), [event], 'noStream', { content: { id: msgId, text: content } });
      return msgId;
    },

    job(msgId: string, overrides: Partial<Job<DeliveryJob>> & { group?: string; channel?: ChannelName } = {}) {
      const { group = '0', channel = 'jpush', ...more } = overrides;
      const { id, queue, data, attempts } = deliveryJob({ msgId, group, channel, appPackage });
      return { id, queue, data, attempts, attempt: 1, ...more } satisfies Job<DeliveryJob>;
    },

    /** Records the redrive of a group; its job is the test's to run. @returns the round that begins */
    async redrive(msgId: string, group = '0'): Promise<number> {
      const context = aContext({ correlationId: msgId, causationId: randomUUID(), actor: { kind: 'operator' } });
      const jobs = { ...ports.jobs, redrive: async () => true };
      const result = await redrive({ ...deps, jobs }, { msgId, group, who: 'operator-1', context });
      if (result.type !== 'redriven') throw new Error(result.type);
      return result.round;
    },

    /** Runs the handler once, as a consumer would. */
    run(job: Job<DeliveryJob>, signal = new AbortController().signal): Promise<void> {
      return handle(job, signal);
    },

    /** Like `run`, as another process would that has these ports in place of its own. */
    elsewhere(ports: Partial<DeliveryDeps> = {}): (job: Job<DeliveryJob>) => Promise<void> {
      const other = handlerOf({ ...deps, ...ports });
      return (job) => other(job, new AbortController().signal);
    },

    /** The error that a run ends with. */
    async failure(job: Job<DeliveryJob>): Promise<Error> {
      return handle(job, new AbortController().signal).then(
        () => {
          throw new Error('the job did not fail');
        },
        (error: Error) => error,
      );
    },

    /** The events after the acceptance; the metadata of each is checked on the way. */
    async outcomes(msgId: string): Promise<Exclude<MessageEvent, { type: 'MessageAccepted' }>[]> {
      const [accepted, ...later] = await ports.log.readStream(messageStream(msgId));
      for (const event of later) if (event.metadata.actor.kind === 'worker') assertCaused(event, accepted, msgId);
      return later.map(({ event }) => event as Exclude<MessageEvent, { type: 'MessageAccepted' }>);
    },

    /** The events of a registration after its first, checked likewise. */
    async registrationOutcomes(msgId: string, clientId: string): Promise<UmsEvent[]> {
      const [accepted] = await ports.log.readStream(messageStream(msgId));
      const stream = registrationStream({ clientId, appPackage });
      const byWorker = (await ports.log.readStream(stream)).filter(({ metadata }) => metadata.actor.kind === 'worker');
      for (const event of byWorker) assertCaused(event, accepted, stream);
      return byWorker.map(({ event }) => event);
    },

    /** A worker that takes jobs from the queues, with these ports in place of its own; stopped with the test. */
    async worker(ports: Partial<DeliveryDeps> = {}) {
      const worker = await startDeliveryWorker({ ...deps, ...ports, channels });
      onTestFinished(() => worker.stop(0));
      return worker;
    },

    registrationIdOf: (clientId: string) => registrationId({ clientId, appPackage }),
  };
}

export type Delivering = ReturnType<typeof delivering>;

const SPAN = /^00-([0-9a-f]{32})-([0-9a-f]{16})-01$/;

/** A worker's events name their message and their cause, and stay in the trace of the cause with a span of their own. */
function assertCaused(event: RecordedEvent, cause: RecordedEvent | undefined, correlationId: string): void {
  const { metadata } = event;
  expect(metadata).toEqual({
    correlationId,
    causationId: cause?.id,
    actor: { kind: 'worker' },
    at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    traceparent: expect.stringMatching(SPAN),
    schemaVersion: 1,
  });
  const [, trace, span] = SPAN.exec(metadata.traceparent) ?? [];
  const [, causeTrace, causeSpan] = SPAN.exec(cause?.metadata.traceparent ?? '') ?? [];
  expect(trace).toBe(causeTrace);
  expect(span).not.toBe(causeSpan);
}
