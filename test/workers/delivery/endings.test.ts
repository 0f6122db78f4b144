/** Messages that end before they are sent: expired, recalled, erased. And the result of each race. */
import { describe, expect, test } from 'vitest';
import type { MessageEvent } from '../../../src/domain/events.ts';
import { DeadJob } from '../../../src/ports/jobs.ts';
import { range, shared } from '../../contract/support.ts';
import { appendAll, dispatched, displayCancelled, erased } from '../../support/events.ts';
import { delivering, openShop } from '../support.ts';

const shop = shared(openShop);

async function accepted(expires = 3600) {
  const rig = delivering(shop());
  const { appPackage } = rig;
  await rig.terminals(rig.registered('c1'), rig.registered('c2'));
  const msgId = await rig.accept({ to: ['c1', 'c2'], expires });
  const refs = ['c1', 'c2'].map((clientId) => ({ clientId, appPackage }));
  return {
    rig,
    msgId,
    refs,
    appPackage,
    job: rig.job(msgId),
    happens: (e: MessageEvent) => appendAll(rig.deps.log, [e]),
  };
}

describe('expired', () => {
  test('before the try: nothing is sent, every target that waits is named', async () => {
    const { rig, msgId, refs, job } = await accepted(10);
    rig.clock.move(10_000);
    await rig.run(job);
    expect(rig.jpush.sends).toEqual([]);
    expect(await rig.outcomes(msgId)).toEqual([{ type: 'MessageExpired', data: { msgId, targets: refs } }]);
    await rig.run(job);
    expect(await rig.outcomes(msgId)).toHaveLength(1);
  });

  test('not a millisecond before its time', async () => {
    const { rig, msgId, job } = await accepted(10);
    rig.clock.move(9_999);
    await rig.run(job);
    expect(rig.jpush.sends.map(({ timeToLive }) => timeToLive)).toEqual([1]);
    expect((await rig.outcomes(msgId)).at(-1)?.type).toBe('MessageDispatched');
  });

  test('between two tries', async () => {
    const { rig, msgId, job } = await accepted(10);
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    expect(await rig.failure(job)).toMatchObject({ notAfterMs: 10_000 });
    rig.clock.move(10_000);
    await rig.run({ ...job, attempt: 2 });
    expect(rig.jpush.sends).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)?.type).toBe('MessageExpired');
  });

  test('while its last call is under way, which fails: no dead letter is left, since there is nothing to redrive', async () => {
    const { rig, msgId, job, happens, refs } = await accepted(10);
    rig.jpush.answer(async () => {
      await happens({ type: 'MessageExpired', data: { msgId, targets: refs } });
      return { type: 'failed', reason: 'timeout' };
    });
    await rig.run({ ...job, attempt: 25 });
    expect(rig.jpush.sends).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)?.type).toBe('MessageExpired');
  });

  test('while a call is under way: the provider’s answer still counts', async () => {
    const { rig, msgId, job, happens, refs } = await accepted(10);
    rig.jpush.answer(async () => {
      await happens({ type: 'MessageExpired', data: { msgId, targets: refs } });
      return { type: 'sent' };
    });
    await rig.run(job);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
      type: 'MessageDispatched',
      data: { targets: ['c1', 'c2'] },
    });
  });

  test('after it was redriven: nothing is sent, and it has expired', async () => {
    const { rig, msgId, refs, job } = await accepted(10);
    rig.jpush.answer({ type: 'denied', reason: 'bad credentials' });
    expect(await rig.failure(job)).toBeInstanceOf(DeadJob);
    await rig.redrive(msgId);
    rig.clock.move(10_000);
    await rig.run(job);
    expect(rig.jpush.sends).toHaveLength(1);
    await rig.run(job);
    const ended = (await rig.outcomes(msgId)).slice(2);
    expect(ended.map(({ type }) => type)).toEqual(['DispatchRedriven', 'MessageExpired']);
    expect(ended.at(-1)).toEqual({ type: 'MessageExpired', data: { msgId, targets: refs } });
  });
});

describe('recalled', () => {
  test('a cancelled message is not sent', async () => {
    const { rig, msgId, refs, job, happens } = await accepted();
    await happens(displayCancelled({ msgId, targets: refs }));
    await rig.run(job);
    expect(rig.jpush.sends).toEqual([]);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDisplayCancelled']);
  });

  test('one that is cancelled for a target is sent to the rest', async () => {
    const { rig, msgId, refs, job, happens } = await accepted();
    await happens(displayCancelled({ msgId, targets: refs.slice(0, 1), cause: 'burn' }));
    await rig.run(job);
    expect(rig.jpush.sends.map(({ recipients }) => recipients.map(({ clientId }) => clientId))).toEqual([['c2']]);
  });

  test('an erased message is not sent', async () => {
    const { rig, msgId, refs, job, happens } = await accepted();
    await happens(erased({ msgId, targets: refs }));
    await rig.deps.contents.delete(msgId);
    await rig.run(job);
    expect(rig.jpush.sends).toEqual([]);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageErased']);
  });

  test.each(['cancelled', 'erased'])('%s while a key is reserved: the call is not made', async (what) => {
    const { rig, msgId, refs, job, happens } = await accepted();
    rig.jpush.answerKey(async () => {
      await happens((what === 'erased' ? erased : displayCancelled)({ msgId, targets: refs }));
      return { type: 'reserved', key: 'unused', validUntil: rig.clock.now() + 1e6 };
    });
    await rig.run(job);
    expect(rig.jpush.sends).toEqual([]);
    expect(await rig.outcomes(msgId)).toHaveLength(1);
  });

  test('cancelled for one target while a key is reserved: the call is made to the others, with that key', async () => {
    const { rig, msgId, refs, job, happens } = await accepted();
    rig.jpush.answerKey(async () => {
      await happens(displayCancelled({ msgId, targets: refs.slice(0, 1), cause: 'burn' }));
      return { type: 'reserved', key: 'only', validUntil: rig.clock.now() + 1e6 };
    });
    await rig.run(job);
    expect(rig.jpush.sends).toMatchObject([{ recipients: [{ clientId: 'c2' }], idempotencyKey: 'only' }]);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { targets: ['c2'] } });
  });

  test('while a call is under way: the hand-over is a fact all the same', async () => {
    const { rig, msgId, refs, job, happens } = await accepted();
    rig.jpush.answer(async () => {
      await happens(displayCancelled({ msgId, targets: refs }));
      return { type: 'sent' };
    });
    await rig.run(job);
    expect((await rig.outcomes(msgId)).at(-1)?.type).toBe('MessageDispatched');
  });

  test('a retry after the recall sends nothing', async () => {
    const { rig, msgId, refs, job, happens } = await accepted();
    rig.jpush.answer({ type: 'failed', reason: 'timeout' });
    await rig.failure(job);
    await happens(displayCancelled({ msgId, targets: refs }));
    await rig.run({ ...job, attempt: 25 });
    expect(rig.jpush.sends).toHaveLength(1);
    expect((await rig.outcomes(msgId)).at(-1)?.type).toBe('MessageDisplayCancelled');
  });
});

test('a message whose content is gone is not sent, and that is why', async () => {
  const { rig, msgId, job } = await accepted();
  await rig.deps.contents.delete(msgId);
  await rig.run(job);
  expect(rig.jpush.sends).toEqual([]);
  expect(await rig.outcomes(msgId)).toMatchObject([
    { type: 'MessageDispatchFailed', data: { targets: ['c1', 'c2'], failure: 'cancelled' } },
  ]);
});

describe('two workers at once', () => {
  test('record one outcome for each target', async () => {
    const { rig, msgId, job } = await accepted();
    await Promise.all(range(5).map(() => rig.run(job)));
    const sent = (await rig.outcomes(msgId)).filter(({ type }) => type === 'MessageDispatched');
    expect(sent).toMatchObject([{ data: { targets: ['c1', 'c2'] } }]);
  });

  test('a failure that comes after the other’s success settles nothing', async () => {
    const { rig, msgId, job, appPackage, happens } = await accepted();
    rig.jpush.answer(async () => {
      await happens(dispatched({ msgId, appPackage, targets: ['c1'] }));
      return { type: 'refused', reason: 'seen before', provider: {} };
    });
    await rig.run(job);
    expect((await rig.outcomes(msgId)).slice(1)).toMatchObject([
      { type: 'MessageDispatched', data: { targets: ['c1'] } },
      { type: 'MessageDispatchFailed', data: { targets: ['c2'], failure: 'refused' } },
    ]);
  });
});
