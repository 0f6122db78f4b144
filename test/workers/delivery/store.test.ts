/** Delivery while the store is away, lags behind, or is written to by many at once. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { messageStream } from '../../../src/domain/streams.ts';
import { deliveryJob } from '../../../src/ports/delivery-jobs.ts';
import { DeadlineExceeded, StoreUnavailable } from '../../../src/ports/errors.ts';
import { StreamContended } from '../../../src/ports/eventsourcing/execute.ts';
import { DeadJob, PauseQueue, RetryJob } from '../../../src/ports/jobs.ts';
import { storeFailures } from '../../../src/workers/delivery/store-failures.ts';
import type { DeliveryDeps } from '../../../src/workers/delivery/work.ts';
import { eventually, range, shared } from '../../contract/support.ts';
import { type Delivering, delivering, openShop } from '../support.ts';

const shop = shared(openShop);

async function accepted(to = ['c1'], { ports } = shop()) {
  const rig = delivering({ ports });
  await rig.terminals(...to.map((clientId) => rig.registered(clientId)));
  const msgId = await rig.accept({ to });
  return { rig, msgId, job: rig.job(msgId) };
}

const types = async (rig: Delivering, msgId: string) => (await rig.outcomes(msgId)).map(({ type }) => type);

const away = (): Promise<never> => Promise.reject(new StoreUnavailable('disk full on db-7'));

describe('a store that is away', () => {
  const ports: [string, (deps: DeliveryDeps) => Partial<DeliveryDeps>][] = [
    ['to read the message', ({ log }) => ({ log: { ...log, readStream: away } })],
    ['to append to it', ({ log }) => ({ log: { ...log, append: away } })],
    ['to read the device list', ({ documents }) => ({ documents: { ...documents, getMany: away } })],
    ['to read the content', ({ contents }) => ({ contents: { ...contents, get: away } })],
    [
      'in time',
      ({ contents }) => ({ contents: { ...contents, get: () => Promise.reject(new DeadlineExceeded('slow')) } }),
    ],
  ];
  test.each(ports)('%s pauses the lane and costs no attempt, not even the last', async (_, broken) => {
    const { rig, msgId, job } = await accepted();
    const run = rig.elsewhere(broken(rig.deps));
    const last = { ...job, attempt: job.attempts };
    for (const _ of range(2)) {
      const error = await run(last).catch((error: unknown) => error);
      expect(error).toBeInstanceOf(PauseQueue);
      expect((error as PauseQueue).pauseMs).toBeGreaterThan(0);
    }
    expect(await types(rig, msgId)).toEqual([]);
    expect(rig.lines).toMatchObject([{ level: 'error', text: 'delivery waits for the store' }]);
    await rig.run(last);
    expect(await types(rig, msgId)).toEqual(['MessageDispatchPrepared', 'MessageDispatched']);
  });

  test('when it is to note that the last try failed: the job waits with that', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    const append: typeof rig.deps.log.append = (...parameters) =>
      parameters[1][0]?.event.type === 'MessageDispatchFailed' ? away() : rig.deps.log.append(...parameters);
    const last = { ...job, attempt: job.attempts };
    await expect(rig.elsewhere({ log: { ...rig.deps.log, append } })(last)).rejects.toBeInstanceOf(PauseQueue);
    await rig.run(last);
    expect(await types(rig, msgId)).toEqual(['MessageDispatchPrepared', 'MessageDispatched']);
  });

  test('until the message has expired: then that is recorded', async () => {
    const { rig, msgId, job } = await accepted();
    await expect(rig.elsewhere({ log: { ...rig.deps.log, append: away } })(job)).rejects.toBeInstanceOf(PauseQueue);
    rig.clock.move(3_600_000);
    await rig.run(job);
    expect(await types(rig, msgId)).toEqual(['MessageExpired']);
  });
});

describe('an unforeseen failure', () => {
  const secret = 'connect ECONNREFUSED 10.20.30.40:27017';
  const broken = async (): Promise<never> => {
    throw new Error(secret);
  };

  test('is tried again, then given up; its text is for the log only', async () => {
    const { rig, msgId } = await accepted();
    const contents = { ...rig.deps.contents, get: broken };
    const job = deliveryJob({ ...rig.job(msgId).data });
    await rig.deps.jobs.add([{ ...job, attempts: 2, backoff: { baseMs: 1, capMs: 1 } }]);
    await rig.worker({ contents });
    await eventually(async () => expect(await rig.deps.jobs.counts(job.queue)).toMatchObject({ dead: 1, active: 0 }));
    const reason = 'an internal error, which the log tells of';
    expect(await rig.deps.jobs.deadLetters(job.queue, 10)).toMatchObject([{ reason }]);
    expect(await rig.outcomes(msgId)).toMatchObject([{ data: { failure: 'gaveUp', reason } }]);
    expect(JSON.stringify(await rig.deps.log.readStream(messageStream(msgId)), textOfPositions)).not.toContain('ECONN');
    expect(
      rig.lines.filter(({ level, fields }) => level === 'error' && String(fields.err).includes(secret)),
    ).toHaveLength(2);
  });

  test('after progress that is no failure of the last try is a fixed word too', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'deadRecipients', clientIds: ['nobody'], reason: 'unknown id', provider: {} });
    expect(await rig.failure({ ...job, attempt: job.attempts })).toBeInstanceOf(DeadJob);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
      data: { failure: 'gaveUp', reason: 'jpush: the provider names nobody that it was asked to reach' },
    });
  });
});

describe('a message that can not be seen', () => {
  test('is no job done: it is tried again', async () => {
    const { rig, msgId } = await accepted();
    for (const job of [rig.job('no-such-message'), rig.job(msgId, { group: '7' }), rig.job(msgId, { group: '0-7' })])
      expect(await rig.failure(job)).toBeInstanceOf(RetryJob);
    expect(rig.lines.map(({ level }) => level)).toEqual(['warn', 'warn', 'warn']);
    expect(rig.jpush.sends).toEqual([]);
    expect(await types(rig, msgId)).toEqual([]);
  });

  test('until the last try leaves a dead letter and a line in the log; redriven once it is seen, it is sent', async () => {
    const { rig, msgId } = await accepted();
    let visible = false;
    const readStream: typeof rig.deps.log.readStream = async (stream) =>
      visible ? rig.deps.log.readStream(stream) : [];
    const job = deliveryJob({ ...rig.job(msgId).data });
    await rig.deps.jobs.add([{ ...job, attempts: 2, backoff: { baseMs: 1, capMs: 1 } }]);
    await rig.worker({ log: { ...rig.deps.log, readStream } });
    await eventually(async () => expect(await rig.deps.jobs.counts(job.queue)).toMatchObject({ dead: 1, active: 0 }));
    expect(rig.lines.filter(({ level }) => level === 'error')).toMatchObject([{ fields: { msgId } }]);
    expect(await types(rig, msgId)).toEqual([]);
    visible = true;
    await rig.deps.jobs.redrive(job.queue, job.id);
    await eventually(async () =>
      expect(await types(rig, msgId)).toEqual(['MessageDispatchPrepared', 'MessageDispatched']),
    );
  });

  test('as it was seen here before is taken as it was seen: no terminal is pushed to twice', async () => {
    const { rig, msgId, job } = await accepted(['c1', 'c2']);
    const { log } = rig.deps;
    const old = await log.readStream(messageStream(msgId));
    rig.jpush.answer({ type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: {} });
    await rig.elsewhere({
      log: { ...log, readStream: async (stream) => (stream === messageStream(msgId) ? old : log.readStream(stream)) },
    })(job);
    expect(rig.jpush.sends.map(({ recipients }) => recipients.map(({ clientId }) => clientId))).toEqual([
      ['c1', 'c2'],
      ['c2'],
    ]);
    expect(rig.jpush.keys).toHaveLength(1);
  });
});

describe('targets that each go on alone', () => {
  const nobody = { type: 'nobodyReached', reason: 'no such ids', provider: {} } as const;

  /** Runs a message's job, whose targets then go on alone, in so many processes. */
  async function alone(targets: number, processes: number) {
    const own = await openShop();
    onTestFinished(own.close);
    const clients = range(targets).map((n) => `c${n}`);
    const { rig, msgId, job } = await accepted(clients, own);
    const { log, jobs } = rig.deps;
    let conflicts = 0;
    const append: typeof log.append = async (...parameters) => {
      const result = await log.append(...parameters);
      if (result.type === 'conflict') conflicts += 1;
      return result;
    };
    rig.jpush.answer(nobody);
    await jobs.add([deliveryJob(job.data)]);
    await Promise.all(range(processes).map(() => rig.worker({ log: { ...log, append } })));
    const idle = { waiting: 0, delayed: 0, active: 0, dead: 0 };
    await eventually(async () => expect(await jobs.counts(job.queue)).toEqual(idle), 30_000);
    return { rig, conflicts, outcomes: await rig.outcomes(msgId) };
  }

  test.each([
    [200, 1],
    [60, 3],
  ])(
    '(%i in %i processes) have a key and a call each, and no trouble',
    { timeout: 40_000 },
    async (targets, processes) => {
      const { rig, outcomes } = await alone(targets, processes);
      expect(rig.jpush.keys).toHaveLength(targets + 1);
      expect(rig.jpush.sends).toHaveLength(targets + 1);
      expect(outcomes.filter(({ type }) => type === 'MessageDispatched')).toHaveLength(targets);
      expect(outcomes).toHaveLength(3 * targets + 1);
      expect(rig.lines).toEqual([]);
    },
  );

  test('take turns at the stream in one process', async () => {
    expect((await alone(50, 1)).conflicts).toBe(0);
  });
});

test('a stream that others write to all the time lets the job make way, at no cost, and holds up no other job', () => {
  const rig = delivering(shop());
  const { data } = rig.job('m');
  const error = storeFailures(rig.deps)(new StreamContended('contended'), data);
  expect(error).toBeInstanceOf(PauseQueue);
  expect((error as PauseQueue).pauseMs).toBe(0);
  expect(rig.lines).toMatchObject([{ level: 'warn', fields: { msgId: 'm' } }]);
});

function textOfPositions(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}` : value;
}
