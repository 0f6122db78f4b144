import { describe, expect, test } from 'vitest';
import { DeadJob, PauseQueue, RetryJob } from '../../../src/ports/jobs.ts';
import { range, shared } from '../../contract/support.ts';
import { delivering, openShop } from '../support.ts';

const shop = shared(openShop);

/** A message to some registered terminals. */
async function accepted(to = ['c1'], more: { expires?: number; content?: string } = {}) {
  const rig = delivering(shop());
  await rig.terminals(...to.map((clientId) => rig.registered(clientId)));
  const msgId = await rig.accept({ to, ...more });
  const { appPackage } = rig;
  const group = { msgId, group: '0', channel: 'jpush', appPackage, targets: to, round: 0 };
  return { rig, msgId, group, job: rig.job(msgId) };
}

const provider = { httpStatus: 500, code: 2003 };

describe('sent', () => {
  test('in one call to all, with the message as payload, and recorded', async () => {
    const { rig, msgId, group, job } = await accepted(['c1', 'c2'], { content: '{"n":12345678901234567890}' });
    await rig.run(job);
    expect(rig.jpush.sends).toEqual([
      {
        type: 'message',
        msgId,
        appPackage: rig.appPackage,
        recipients: [
          { clientId: 'c1', pushId: 'push-c1' },
          { clientId: 'c2', pushId: 'push-c2' },
        ],
        payload: `{"msgId":"${msgId}","message":{"n":12345678901234567890}}`,
        timeToLive: 3600,
        idempotencyKey: 'key-1',
      },
    ]);
    expect(await rig.outcomes(msgId)).toMatchObject([
      { type: 'MessageDispatchPrepared', data: { ...group, idempotencyKey: 'key-1' } },
      { type: 'MessageDispatched', data: { ...group, providerMessageId: 'provider-1' } },
    ]);
  });

  test('once: a job that runs again finds nothing to do', async () => {
    const { rig, msgId, job } = await accepted();
    await rig.run(job);
    await rig.run(job);
    expect(rig.jpush.sends).toHaveLength(1);
    expect(await rig.outcomes(msgId)).toHaveLength(2);
  });

  test('with the time to live that is left, rounded up', async () => {
    const { rig, job } = await accepted(['c1'], { expires: 10 });
    rig.clock.move(7_001);
    await rig.run(job);
    expect(rig.jpush.sends.map(({ timeToLive }) => timeToLive)).toEqual([3]);
  });

  test('to 1000 recipients in one call', async () => {
    const clients = range(1000).map((n) => `c${n}`);
    const { rig, msgId, job } = await accepted(clients);
    await rig.run(job);
    expect(rig.jpush.sends.map(({ recipients }) => recipients.length)).toEqual([1000]);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: clients } });
  });
});

describe('failed', () => {
  test('is tried again, within the time that is left, and nothing is recorded as its outcome', async () => {
    const { rig, msgId, job } = await accepted(['c1'], { expires: 60 });
    rig.jpush.answer({ type: 'failed', reason: 'timeout', provider });
    const error = await rig.failure(job);
    expect(error).toBeInstanceOf(RetryJob);
    expect((error as RetryJob).notAfterMs).toBe(60_000);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchPrepared']);
    expect(rig.lines).toMatchObject([{ level: 'warn', fields: { msgId, attempt: 1, reason: 'timeout', provider } }]);
  });

  test('and then sent: every try with the same key, reserved once', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' }, { type: 'failed', reason: 'timeout' });
    for (const attempt of [1, 2]) expect(await rig.failure({ ...job, attempt })).toBeInstanceOf(RetryJob);
    await rig.run({ ...job, attempt: 3 });
    expect(rig.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1', 'key-1']);
    expect(rig.jpush.keys).toHaveLength(1);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual([
      'MessageDispatchPrepared',
      'MessageDispatched',
    ]);
  });

  test('at the last attempt gives up: a dead letter, with the reason in the stream', async () => {
    const { rig, msgId, group, job } = await accepted(['c1', 'c2']);
    rig.jpush.answer({ type: 'failed', reason: 'timeout', provider });
    expect(await rig.failure({ ...job, attempt: 25 })).toBeInstanceOf(DeadJob);
    const failure = { ...group, failure: 'gaveUp', reason: 'timeout', provider };
    expect((await rig.outcomes(msgId)).at(-1)).toEqual({ type: 'MessageDispatchFailed', data: failure });
  });

  test('to reserve a key counts like a failed call', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answerKey({ type: 'failed', reason: 'no key' }, { type: 'failed', reason: 'no key' });
    expect(await rig.failure(job)).toBeInstanceOf(RetryJob);
    expect(await rig.outcomes(msgId)).toEqual([]);
    expect(await rig.failure({ ...job, attempt: 25 })).toBeInstanceOf(DeadJob);
    expect(await rig.outcomes(msgId)).toMatchObject([{ data: { failure: 'gaveUp', reason: 'no key' } }]);
    expect(rig.jpush.sends).toEqual([]);
  });
});

describe('denied', () => {
  test('gives up at the first attempt', async () => {
    const { rig, msgId, job } = await accepted();
    const denied = { httpStatus: 401, code: 1004 };
    rig.jpush.answer({ type: 'denied', reason: 'bad credentials', provider: denied });
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    const data = { failure: 'gaveUp', reason: 'bad credentials', provider: denied, round: 0 };
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatchFailed', data });
  });

  test('so does a key that is denied', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answerKey({ type: 'denied', reason: 'bad credentials' });
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchFailed']);
  });
});

describe('deferred', () => {
  test.each([1, 25])(
    'pauses the queue as long as the provider asks and decides nothing (attempt %i)',
    async (attempt) => {
      const { rig, msgId, job } = await accepted();
      rig.jpush.answer({ type: 'deferred', reason: 'rate', retryAfterMs: 7_000 });
      const error = await rig.failure({ ...job, attempt });
      expect(error).toBeInstanceOf(PauseQueue);
      expect((error as PauseQueue).pauseMs).toBe(7_000);
      expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDispatchPrepared']);
    },
  );

  test('keeps the key for later', async () => {
    const { rig, job } = await accepted();
    rig.jpush.answer({ type: 'deferred', reason: 'rate', retryAfterMs: 1_000 });
    await rig.failure(job);
    await rig.run(job);
    expect(rig.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1']);
  });
});

describe('refused', () => {
  test('is the end for every target of the call, and no failure of the job', async () => {
    const { rig, msgId, group, job } = await accepted(['c1', 'c2']);
    const refusal = { httpStatus: 400, code: 1005 };
    rig.jpush.answer({ type: 'refused', reason: 'too big', provider: refusal });
    await rig.run(job);
    const data = { ...group, failure: 'refused', reason: 'too big', provider: refusal };
    expect((await rig.outcomes(msgId)).at(-1)).toEqual({ type: 'MessageDispatchFailed', data });
    await rig.run(job);
    expect(rig.jpush.sends).toHaveLength(1);
  });
});

describe('dead recipients', () => {
  const dead = (...clientIds: string[]) =>
    ({ type: 'deadRecipients', clientIds, reason: 'unknown id', provider: { httpStatus: 400, code: 1011 } }) as const;

  test('fail, lose their registration, and the rest is sent to', async () => {
    const { rig, msgId, job } = await accepted(['c1', 'c2', 'c3']);
    rig.jpush.answer(dead('c2'));
    await rig.run(job);
    expect(rig.jpush.sends.map(({ recipients }) => recipients.map(({ clientId }) => clientId))).toEqual([
      ['c1', 'c2', 'c3'],
      ['c1', 'c3'],
    ]);
    expect((await rig.outcomes(msgId)).slice(1)).toMatchObject([
      { type: 'MessageDispatchFailed', data: { targets: ['c2'], failure: 'pushIdRejected', reason: 'unknown id' } },
      { type: 'MessageDispatched', data: { targets: ['c1', 'c3'] } },
    ]);
    expect(await rig.registrationOutcomes(msgId, 'c2')).toMatchObject([
      { type: 'ChannelUnregistered', data: { clientId: 'c2', reason: 'pushIdRejected' } },
    ]);
    expect(await rig.registrationOutcomes(msgId, 'c1')).toEqual([]);
  });

  test('all of them: no target is left, and the job is done', async () => {
    const { rig, msgId, job } = await accepted(['c1', 'c2']);
    rig.jpush.answer(dead('c1'), dead('c2'));
    await rig.run(job);
    expect((await rig.outcomes(msgId)).slice(1).map(({ type }) => type)).toEqual([
      'MessageDispatchFailed',
      'MessageDispatchFailed',
    ]);
  });

  test('one whose terminal has got another pushId meanwhile keeps its registration', async () => {
    const { rig, msgId, job } = await accepted(['c1']);
    rig.jpush.answer(async () => {
      await rig.terminals(rig.registered('c1', { pushId: 'push-new' }));
      return dead('c1');
    });
    await rig.run(job);
    expect(await rig.registrationOutcomes(msgId, 'c1')).toEqual([]);
  });

  test('many, told one by one, let others go first after 20 calls, at no cost', async () => {
    const clients = range(23).map((n) => `c${n}`);
    const { rig, msgId, job } = await accepted(clients);
    rig.jpush.answer(...clients.slice(0, 22).map((clientId) => dead(clientId)));
    const error = await rig.failure({ ...job, attempt: 25 });
    expect(error).toBeInstanceOf(PauseQueue);
    expect((error as PauseQueue).pauseMs).toBe(0);
    expect(rig.jpush.sends).toHaveLength(20);
    await rig.run({ ...job, attempt: 25 });
    expect(rig.jpush.sends).toHaveLength(23);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: ['c22'] } });
  });
});

describe('no target reached', () => {
  const nobody = { type: 'nobodyReached', reason: 'no such ids', provider: { code: 1011 } } as const;

  test('of several: each goes on alone, in a job and with a key of its own, and gets its own outcome', async () => {
    const { rig, msgId, job } = await accepted(['c1', 'c2', 'c3']);
    rig.jpush.answer(nobody);
    await rig.run(job);
    const groups = (await rig.outcomes(msgId)).map(({ type, data }) => [type, 'group' in data && data.group]);
    expect(groups).toEqual(['0', '0-0', '0-1', '0-2'].map((group) => ['MessageDispatchPrepared', group]));
    expect(await rig.deps.jobs.counts(job.queue)).toMatchObject({ waiting: 3 });

    rig.jpush.answer({ type: 'deadRecipients', clientIds: ['c2'], reason: 'unknown id', provider: {} });
    await rig.run(rig.job(msgId, { group: '0-1' }));
    await rig.run(rig.job(msgId, { group: '0-0' }));
    await rig.run(rig.job(msgId, { group: '0-2' }));
    expect(rig.jpush.sends.map(({ recipients, idempotencyKey }) => [recipients.length, idempotencyKey])).toEqual([
      [3, 'key-1'],
      [1, 'key-2'],
      [1, 'key-3'],
      [1, 'key-4'],
    ]);
    const outcomes = await rig.outcomes(msgId);
    expect(outcomes.filter(({ type }) => type !== 'MessageDispatchPrepared')).toMatchObject([
      { type: 'MessageDispatchFailed', data: { group: '0-1', targets: ['c2'], failure: 'pushIdRejected' } },
      { type: 'MessageDispatched', data: { group: '0-0', targets: ['c1'] } },
      { type: 'MessageDispatched', data: { group: '0-2', targets: ['c3'] } },
    ]);
    await rig.run(job);
    expect(rig.jpush.sends).toHaveLength(4);
  });

  test('said twice adds no job twice', async () => {
    const { rig, job } = await accepted(['c1', 'c2']);
    // Two runs of the job at once, as of one that stalled and was taken again elsewhere.
    rig.jpush.answer(async () => {
      await rig.elsewhere()(job);
      return nobody;
    }, nobody);
    await rig.run(job);
    expect(rig.jpush.sends).toHaveLength(2);
    expect(await rig.deps.jobs.counts(job.queue)).toMatchObject({ waiting: 2 });
  });
});
