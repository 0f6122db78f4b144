import { describe, expect, test } from 'vitest';
import { DeadJob, PauseQueue, RetryJob } from '../../src/ports/jobs.ts';
import { range, shared } from '../contract/support.ts';
import { delivering, openShop } from './support.ts';

const shop = shared(openShop);

/** A message to some registered terminals. */
async function accepted(to = ['c1'], more: { expires?: number; content?: string } = {}) {
  const it = delivering(shop());
  await it.terminals(...to.map((clientId) => it.registered(clientId)));
  const msgId = await it.accept({ to, ...more });
  const { appPackage } = it;
  const group = { msgId, group: '0', channel: 'jpush', appPackage, targets: to, round: 0 };
  return { it, msgId, group, job: it.job(msgId) };
}

const provider = { httpStatus: 500, code: 2003 };

describe('sent', () => {
  test('in one call to all, with what the message says, and recorded', async () => {
    const { it, msgId, group, job } = await accepted(['c1', 'c2'], { content: '{"n":12345678901234567890}' });
    await it.run(job);
    expect(it.jpush.sends).toEqual([
      {
        msgId,
        appPackage: it.appPackage,
        recipients: [
          { clientId: 'c1', pushId: 'push-c1' },
          { clientId: 'c2', pushId: 'push-c2' },
        ],
        payload: `{"msgId":"${msgId}","message":{"n":12345678901234567890}}`,
        timeToLive: 3600,
        idempotencyKey: 'key-1',
      },
    ]);
    expect(await it.outcomes(msgId)).toMatchObject([
      { type: 'MessageDispatchPrepared', data: { ...group, idempotencyKey: 'key-1' } },
      { type: 'MessageDispatched', data: { ...group, providerMessageId: 'provider-1' } },
    ]);
  });

  test('once: a job that runs again finds nothing to do', async () => {
    const { it, msgId, job } = await accepted();
    await it.run(job);
    await it.run(job);
    expect(it.jpush.sends).toHaveLength(1);
    expect(await it.outcomes(msgId)).toHaveLength(2);
  });

  test('with the time to live that is left, rounded up', async () => {
    const { it, job } = await accepted(['c1'], { expires: 10 });
    it.clock.move(7_001);
    await it.run(job);
    expect(it.jpush.sends.map(({ timeToLive }) => timeToLive)).toEqual([3]);
  });

  test('to 1000 recipients in one call', async () => {
    const clients = range(1000).map((n) => `c${n}`);
    const { it, msgId, job } = await accepted(clients);
    await it.run(job);
    expect(it.jpush.sends.map(({ recipients }) => recipients.length)).toEqual([1000]);
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: clients } });
  });
});

describe('failed', () => {
  test('is tried again, within the time that is left, and nothing is recorded as its outcome', async () => {
    const { it, msgId, job } = await accepted(['c1'], { expires: 60 });
    it.jpush.answer({ type: 'failed', reason: 'timeout', provider });
    const error = await it.failure(job);
    expect(error).toBeInstanceOf(RetryJob);
    expect((error as RetryJob).notAfterMs).toBe(60_000);
    expect((await it.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchPrepared']);
    expect(it.lines).toMatchObject([{ level: 'warn', fields: { msgId, attempt: 1, reason: 'timeout', provider } }]);
  });

  test('and then sent: every try with the same key, reserved once', async () => {
    const { it, msgId, job } = await accepted();
    it.jpush.answer({ type: 'failed', reason: 'timeout' }, { type: 'failed', reason: 'timeout' });
    for (const attempt of [1, 2]) expect(await it.failure({ ...job, attempt })).toBeInstanceOf(RetryJob);
    await it.run({ ...job, attempt: 3 });
    expect(it.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1', 'key-1']);
    expect(it.jpush.keys).toHaveLength(1);
    expect((await it.outcomes(msgId)).map(({ type }) => type)).toEqual([
      'MessageDispatchPrepared',
      'MessageDispatched',
    ]);
  });

  test('at the last attempt gives up: a dead letter, with the reason in the stream', async () => {
    const { it, msgId, group, job } = await accepted(['c1', 'c2']);
    it.jpush.answer({ type: 'failed', reason: 'timeout', provider });
    expect(await it.failure({ ...job, attempt: 25 })).toBeInstanceOf(DeadJob);
    const failure = { ...group, failure: 'gaveUp', reason: 'timeout', provider };
    expect((await it.outcomes(msgId)).at(-1)).toEqual({ type: 'MessageDispatchFailed', data: failure });
  });

  test('to reserve a key counts like a failed call', async () => {
    const { it, msgId, job } = await accepted();
    it.jpush.answerKey({ type: 'failed', reason: 'no key' }, { type: 'failed', reason: 'no key' });
    expect(await it.failure(job)).toBeInstanceOf(RetryJob);
    expect(await it.outcomes(msgId)).toEqual([]);
    expect(await it.failure({ ...job, attempt: 25 })).toBeInstanceOf(DeadJob);
    expect(await it.outcomes(msgId)).toMatchObject([{ data: { failure: 'gaveUp', reason: 'no key' } }]);
    expect(it.jpush.sends).toEqual([]);
  });
});

describe('denied', () => {
  test('gives up at the first attempt', async () => {
    const { it, msgId, job } = await accepted();
    const denied = { httpStatus: 401, code: 1004 };
    it.jpush.answer({ type: 'denied', reason: 'bad credentials', provider: denied });
    expect(await it.failure(job)).toBeInstanceOf(DeadJob);
    const data = { failure: 'gaveUp', reason: 'bad credentials', provider: denied, round: 0 };
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatchFailed', data });
  });

  test('so does a key that is denied', async () => {
    const { it, msgId, job } = await accepted();
    it.jpush.answerKey({ type: 'denied', reason: 'bad credentials' });
    expect(await it.failure(job)).toBeInstanceOf(DeadJob);
    expect((await it.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchFailed']);
  });
});

describe('deferred', () => {
  test.each([1, 25])(
    'pauses the queue as long as the provider asks and decides nothing (attempt %i)',
    async (attempt) => {
      const { it, msgId, job } = await accepted();
      it.jpush.answer({ type: 'deferred', reason: 'rate', retryAfterMs: 7_000 });
      const error = await it.failure({ ...job, attempt });
      expect(error).toBeInstanceOf(PauseQueue);
      expect((error as PauseQueue).pauseMs).toBe(7_000);
      expect((await it.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchPrepared']);
    },
  );

  test('keeps the key for later', async () => {
    const { it, job } = await accepted();
    it.jpush.answer({ type: 'deferred', reason: 'rate', retryAfterMs: 1_000 });
    await it.failure(job);
    await it.run(job);
    expect(it.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1']);
  });
});

describe('refused', () => {
  test('is the end for every target of the call, and no failure of the job', async () => {
    const { it, msgId, group, job } = await accepted(['c1', 'c2']);
    const refusal = { httpStatus: 400, code: 1005 };
    it.jpush.answer({ type: 'refused', reason: 'too big', provider: refusal });
    await it.run(job);
    const data = { ...group, failure: 'refused', reason: 'too big', provider: refusal };
    expect((await it.outcomes(msgId)).at(-1)).toEqual({ type: 'MessageDispatchFailed', data });
    await it.run(job);
    expect(it.jpush.sends).toHaveLength(1);
  });
});

describe('dead recipients', () => {
  const dead = (...clientIds: string[]) =>
    ({ type: 'deadRecipients', clientIds, reason: 'unknown id', provider: { httpStatus: 400, code: 1011 } }) as const;

  test('fail, lose their registration, and the rest is sent to', async () => {
    const { it, msgId, job } = await accepted(['c1', 'c2', 'c3']);
    it.jpush.answer(dead('c2'));
    await it.run(job);
    expect(it.jpush.sends.map(({ recipients }) => recipients.map(({ clientId }) => clientId))).toEqual([
      ['c1', 'c2', 'c3'],
      ['c1', 'c3'],
    ]);
    expect((await it.outcomes(msgId)).slice(1)).toMatchObject([
      { type: 'MessageDispatchFailed', data: { targets: ['c2'], failure: 'pushIdRejected', reason: 'unknown id' } },
      { type: 'MessageDispatched', data: { targets: ['c1', 'c3'] } },
    ]);
    expect(await it.registrationOutcomes(msgId, 'c2')).toMatchObject([
      { type: 'ChannelUnregistered', data: { clientId: 'c2', reason: 'pushIdRejected' } },
    ]);
    expect(await it.registrationOutcomes(msgId, 'c1')).toEqual([]);
  });

  test('all of them: nobody is left, and the job is done', async () => {
    const { it, msgId, job } = await accepted(['c1', 'c2']);
    it.jpush.answer(dead('c1'), dead('c2'));
    await it.run(job);
    expect((await it.outcomes(msgId)).slice(1).map(({ type }) => type)).toEqual([
      'MessageDispatchFailed',
      'MessageDispatchFailed',
    ]);
  });

  test('one whose terminal has got another pushId meanwhile keeps its registration', async () => {
    const { it, msgId, job } = await accepted(['c1']);
    it.jpush.answer(async () => {
      await it.terminals(it.registered('c1', { pushId: 'push-new' }));
      return dead('c1');
    });
    await it.run(job);
    expect(await it.registrationOutcomes(msgId, 'c1')).toEqual([]);
  });

  test('many, told one by one, let others go first after 20 calls, at no cost', async () => {
    const clients = range(23).map((n) => `c${n}`);
    const { it, msgId, job } = await accepted(clients);
    it.jpush.answer(...clients.slice(0, 22).map((clientId) => dead(clientId)));
    const error = await it.failure({ ...job, attempt: 25 });
    expect(error).toBeInstanceOf(PauseQueue);
    expect((error as PauseQueue).pauseMs).toBe(0);
    expect(it.jpush.sends).toHaveLength(20);
    await it.run({ ...job, attempt: 25 });
    expect(it.jpush.sends).toHaveLength(23);
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: ['c22'] } });
  });
});

describe('nobody reached', () => {
  const nobody = { type: 'nobodyReached', reason: 'no such ids', provider: { code: 1011 } } as const;

  test('of several: each goes on alone, in a job and with a key of its own, and is told apart', async () => {
    const { it, msgId, job } = await accepted(['c1', 'c2', 'c3']);
    it.jpush.answer(nobody);
    await it.run(job);
    expect((await it.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchPrepared']);
    expect(await it.deps.jobs.counts(job.queue)).toMatchObject({ waiting: 3 });

    it.jpush.answer({ type: 'deadRecipients', clientIds: ['c2'], reason: 'unknown id', provider: {} });
    await it.run(it.job(msgId, { group: '0-1' }));
    await it.run(it.job(msgId, { group: '0-0' }));
    await it.run(it.job(msgId, { group: '0-2' }));
    expect(it.jpush.sends.map(({ recipients, idempotencyKey }) => [recipients.length, idempotencyKey])).toEqual([
      [3, 'key-1'],
      [1, 'key-2'],
      [1, 'key-3'],
      [1, 'key-4'],
    ]);
    const outcomes = await it.outcomes(msgId);
    expect(outcomes.filter(({ type }) => type !== 'MessageDispatchPrepared')).toMatchObject([
      { type: 'MessageDispatchFailed', data: { group: '0-1', targets: ['c2'], failure: 'pushIdRejected' } },
      { type: 'MessageDispatched', data: { group: '0-0', targets: ['c1'] } },
      { type: 'MessageDispatched', data: { group: '0-2', targets: ['c3'] } },
    ]);
    await it.run(job);
    expect(it.jpush.sends).toHaveLength(4);
  });

  test('said twice adds no job twice', async () => {
    const { it, job } = await accepted(['c1', 'c2']);
    it.jpush.answer(nobody, nobody);
    await it.run(job);
    await it.run(job);
    expect(await it.deps.jobs.counts(job.queue)).toMatchObject({ waiting: 2 });
  });
});
