/** The provider's idempotency key: recorded before it is used, the same on every retry, never relied on once it is old. */
import { describe, expect, test } from 'vitest';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import type { EventLog } from '../../../src/ports/event-log.ts';
import { DeadJob, PauseQueue } from '../../../src/ports/jobs.ts';
import { gate, range, shared } from '../../contract/support.ts';
import { DAY_MS, delivering, openShop } from '../support.ts';

const shop = shared(openShop);

async function accepted(expires = 864_000) {
  const rig = delivering(shop());
  await rig.terminals(rig.registered('c1'), rig.registered('c2'));
  const msgId = await rig.accept({ to: ['c1', 'c2'], expires });
  return { rig, msgId, job: rig.job(msgId) };
}

const keysOf = ({ jpush }: ReturnType<typeof delivering>) => jpush.sends.map(({ idempotencyKey }) => idempotencyKey);

describe('the key', () => {
  test('is in the stream, with its end, before the first call is made', async () => {
    const { rig, msgId, job } = await accepted();
    const seen: unknown[] = [];
    rig.jpush.answer(async () => {
      seen.push(...(await rig.outcomes(msgId)));
      return { type: 'sent' };
    });
    await rig.run(job);
    const keyValidUntil = new Date(rig.clock.now() + DAY_MS).toISOString();
    expect(seen).toMatchObject([
      {
        type: 'MessageDispatchPrepared',
        data: { group: '0', targets: ['c1', 'c2'], round: 0, idempotencyKey: 'key-1', keyValidUntil },
      },
    ]);
  });

  test('of a group is not that of another', async () => {
    const rig = delivering(shop());
    const other = delivering(shop());
    await rig.terminals(rig.registered('c1'), other.registered('c1'));
    const msgId = await rig.accept({ to: ['c1', { clientId: 'c1', appPackage: other.appPackage }] });
    await rig.run(rig.job(msgId));
    await rig.run(
      rig.job(msgId, { group: '1', data: { ...rig.job(msgId, { group: '1' }).data, appPackage: other.appPackage } }),
    );
    expect(keysOf(rig)).toEqual(['key-1', 'key-2']);
  });

  test('stays when a recipient is dead and the rest is tried again', async () => {
    const { rig, job } = await accepted();
    rig.jpush.answer({ type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: {} });
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-1']);
  });

  test('stays when the process ends between the call and the note of it', async () => {
    const { rig, msgId, job } = await accepted();
    const cut: EventLog['append'] = async (...parameters) => {
      if (parameters[1][0]?.event.type === 'MessageDispatched') throw new StoreUnavailable('cut off');
      return rig.deps.log.append(...parameters);
    };
    const cutOff = rig.elsewhere({ log: { ...rig.deps.log, append: cut } });
    await expect(cutOff(job)).rejects.toThrow(PauseQueue);
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-1']);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual([
      'MessageDispatchPrepared',
      'MessageDispatched',
    ]);
  });
});

describe('two runs of one job at once', () => {
  /** All have reserved a key before any records one, and all call before any is answered. */
  async function atOnce({ jpush, clock }: ReturnType<typeof delivering>, ...runs: (() => Promise<void>)[]) {
    const [reserved, called] = [gate(), gate()];
    const asked: string[] = [];
    const reserve = async () => {
      const key = `mine-${asked.push('asked')}`;
      if (asked.length === runs.length) reserved.open();
      await reserved.opened;
      return { type: 'reserved', key, validUntil: clock.now() + DAY_MS } as const;
    };
    const before = jpush.sends.length;
    const answer = async () => {
      if (jpush.sends.length === before + runs.length) called.open();
      await called.opened;
      return { type: 'sent' } as const;
    };
    jpush.answerKey(...runs.map(() => reserve));
    jpush.answer(...runs.map(() => answer));
    await Promise.all(runs.map((run) => run()));
    expect(asked).toHaveLength(runs.length);
  }

  test.each(['in one process', 'in two processes'])('%s end with one key at the provider', async (where) => {
    const { rig, msgId, job } = await accepted();
    const other = where === 'in one process' ? rig.run : rig.elsewhere();
    await atOnce(
      rig,
      () => rig.run(job),
      () => other(job),
    );
    const prepared = (await rig.outcomes(msgId)).filter(({ type }) => type === 'MessageDispatchPrepared');
    expect(prepared).toMatchObject([{ data: { idempotencyKey: expect.stringMatching(/^mine-[12]$/) } }]);
    expect(new Set(keysOf(rig))).toEqual(
      new Set(prepared.map(({ data }) => 'idempotencyKey' in data && data.idempotencyKey)),
    );
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual([
      'MessageDispatchPrepared',
      'MessageDispatched',
    ]);
  });

  test('end with one key also when they renew one that has grown too old', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure({ ...job, attempt: 25 });
    rig.clock.move(2 * DAY_MS);
    await rig.redrive(msgId);
    const elsewhere = rig.elsewhere();
    await atOnce(
      rig,
      () => rig.run(job),
      () => elsewhere(job),
    );
    expect(new Set(keysOf(rig).slice(1)).size).toBe(1);
    const prepared = (await rig.outcomes(msgId)).filter(({ type }) => type === 'MessageDispatchPrepared');
    expect(prepared).toHaveLength(2);
  });
});

describe('a key that the provider does not honour any more', () => {
  test.each([
    ['past its end', DAY_MS + 1],
    ['within a minute of its end', DAY_MS - 59_000],
  ])('(%s) is not sent with: gives up instead of risking a second push', async (_, later) => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure(job);
    rig.clock.move(later);
    expect(await rig.failure({ ...job, attempt: 2 })).toBeInstanceOf(DeadJob);
    expect(rig.jpush.sends).toHaveLength(1);
    expect(rig.jpush.keys).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
      type: 'MessageDispatchFailed',
      data: { targets: ['c1', 'c2'], failure: 'gaveUp', round: 0 },
    });
  });

  test('is used while it holds for more than a minute', async () => {
    const { rig, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure(job);
    rig.clock.move(DAY_MS - 61_000);
    await rig.run({ ...job, attempt: 2 });
    expect(keysOf(rig)).toEqual(['key-1', 'key-1']);
  });

  test('is renewed when an operator redrives', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure({ ...job, attempt: 25 });
    rig.clock.move(2 * DAY_MS);
    await rig.redrive(msgId);
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-2']);
    expect((await rig.outcomes(msgId)).slice(-2)).toMatchObject([
      { type: 'MessageDispatchPrepared', data: { idempotencyKey: 'key-2', round: 1 } },
      { type: 'MessageDispatched', data: { targets: ['c1', 'c2'], round: 1 } },
    ]);
  });

  test('and was renewed by a redrive is not renewed again in the same round', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' }, { type: 'failed', reason: 'timeout' });
    await rig.failure({ ...job, attempt: 25 });
    rig.clock.move(2 * DAY_MS);
    await rig.redrive(msgId);
    await rig.failure(job);
    rig.clock.move(2 * DAY_MS);
    expect(await rig.failure({ ...job, attempt: 2 })).toBeInstanceOf(DeadJob);
    expect(keysOf(rig)).toEqual(['key-1', 'key-2']);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'gaveUp', round: 1 } });
  });
});

describe('a key that the provider refuses', () => {
  const refused = { type: 'keyRefused', reason: 'no such cid', provider: { httpStatus: 400, code: 1003 } } as const;
  const types = async (rig: ReturnType<typeof delivering>, msgId: string) =>
    (await rig.outcomes(msgId)).map(({ type }) => type);

  test('and that was reserved just now is replaced: nothing was pushed with it', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer(refused);
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-2']);
    expect(await types(rig, msgId)).toEqual([
      'MessageDispatchPrepared',
      'MessageDispatchPrepared',
      'MessageDispatched',
    ]);
    expect(rig.lines).toMatchObject([{ level: 'warn', fields: { msgId, reason: 'no such cid' } }]);
  });

  test('also when a recipient was found dead with it before', async () => {
    const { rig, job } = await accepted();
    rig.jpush.answer({ type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: {} }, refused);
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-1', 'key-2']);
  });

  test('is not replaced after an earlier try, whose outcome is unknown: gives up', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' }, refused);
    await rig.failure(job);
    expect(await rig.failure({ ...job, attempt: 2 })).toBeInstanceOf(DeadJob);
    expect(rig.jpush.keys).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
      data: {
        targets: ['c1', 'c2'],
        failure: 'gaveUp',
        reason: 'the outcome of an earlier try is unknown and the provider does not take its key',
      },
    });
  });

  test('is replaced when an operator redrives', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' }, refused, refused);
    await rig.failure(job);
    await rig.failure({ ...job, attempt: 2 });
    await rig.redrive(msgId);
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-1', 'key-1', 'key-2']);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
  });

  test('is not replaced for ever', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer(...range(10).map(() => refused));
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    expect(keysOf(rig)).toEqual(['key-1', 'key-2', 'key-3']);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'gaveUp' } });
  });
});

describe('a target that gave up', () => {
  test('and is redriven while its key holds is sent with that key', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'denied', reason: 'bad credentials' });
    await rig.failure(job);
    await rig.redrive(msgId);
    await rig.run(job);
    expect(keysOf(rig)).toEqual(['key-1', 'key-1']);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
  });

  test('is buried when its job runs again because the process ended before that', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'denied', reason: 'bad credentials' });
    await rig.failure(job);
    const before = await rig.outcomes(msgId);
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    expect(await rig.outcomes(msgId)).toEqual(before);
    expect(rig.jpush.sends).toHaveLength(1);
  });

  test("and is run again by the queue alone is buried again: rounds are the stream's", async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'denied', reason: 'no' });
    await rig.failure(job);
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    expect(rig.jpush.sends).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { round: 0 } });
  });

  test('in a later round is buried likewise', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'denied', reason: 'no' }, { type: 'denied', reason: 'no' });
    await rig.failure(job);
    await rig.redrive(msgId);
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    expect(rig.jpush.sends).toHaveLength(2);
  });

  test('and was sent by a redrive is done', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer({ type: 'denied', reason: 'bad credentials' });
    await rig.failure(job);
    await rig.redrive(msgId);
    await rig.run(job);
    await rig.run(job);
    expect(rig.jpush.sends).toHaveLength(2);
  });
});
