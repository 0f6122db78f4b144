/** A provider that refuses all our calls (credentials, account): which targets give up, which job asks again. */
import { describe, expect, test } from 'vitest';
import { DeadJob, PauseQueue } from '../../../src/ports/jobs.ts';
import type { SendResult } from '../../../src/workers/channels/channel.ts';
import { gate, range, shared } from '../../contract/support.ts';
import { appendAll, displayCancelled } from '../../support/events.ts';
import { type Delivering, delivering, openShop } from '../support.ts';

const shop = shared(openShop);

const denied = {
  type: 'denied',
  reason: 'JPush 2003: app key is blocked',
  provider: { httpStatus: 403, code: 2003 },
} as const;
const failed: SendResult = { type: 'failed', reason: 'timeout' };

async function ready() {
  const rig = delivering(shop());
  await rig.terminals(rig.registered('c1'));
  return rig;
}

/** A message whose one try is denied, or is given up because others were. @returns its msgId */
async function givenUp(rig: Delivering): Promise<string> {
  const msgId = await rig.accept();
  expect(await rig.failure(rig.job(msgId))).toBeInstanceOf(DeadJob);
  const { reason, provider } = denied;
  expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
    type: 'MessageDispatchFailed',
    data: { failure: 'gaveUp', reason, provider, targets: ['c1'], round: 0 },
  });
  return msgId;
}

describe('for many messages', () => {
  test('is called five times; all are given up, with its reason, and only those that were called have a key', async () => {
    const rig = await ready();
    rig.jpush.answer(...range(50).map(() => denied));
    for (const _ of range(50)) await givenUp(rig);
    expect(rig.jpush.sends).toHaveLength(5);
    expect(rig.jpush.keys).toHaveLength(5);
  });

  test('likewise where it is the keys that it denies', async () => {
    const rig = await ready();
    rig.jpush.answerKey(...range(20).map(() => ({ ...denied })));
    for (const _ of range(20)) await givenUp(rig);
    expect(rig.jpush.keys).toHaveLength(5);
    expect(rig.jpush.sends).toEqual([]);
  });

  test('between other failures does not speak for those that wait', async () => {
    const rig = await ready();
    rig.jpush.answer(denied, failed, denied, failed, denied);
    for (const _ of range(5)) await rig.failure(rig.job(await rig.accept()));
    const waits = await rig.accept();
    expect(await rig.failure(rig.job(waits))).toBeInstanceOf(PauseQueue);
    expect(await rig.outcomes(waits)).toEqual([]);
  });
});

describe('a message that was given up without a call', () => {
  /** Given up like the five before it. */
  async function waiting() {
    const rig = await ready();
    rig.jpush.answer(...range(5).map(() => denied));
    for (const _ of range(5)) await givenUp(rig);
    return { rig, msgId: await givenUp(rig) };
  }

  test('and is redriven asks the provider at once; once it is sent the others go on', async () => {
    const { rig, msgId } = await waiting();
    await rig.redrive(msgId);
    await rig.run(rig.job(msgId));
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
    const next = await rig.accept();
    await rig.run(rig.job(next));
    expect((await rig.outcomes(next)).at(-1)).toMatchObject({ type: 'MessageDispatched' });
    expect(rig.jpush.sends).toHaveLength(5 + 2);
  });

  test('and is redriven too early is given up by a call of its own', async () => {
    const { rig, msgId } = await waiting();
    rig.jpush.answer(denied);
    await rig.redrive(msgId);
    expect(await rig.failure(rig.job(msgId))).toBeInstanceOf(DeadJob);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'gaveUp', round: 1 } });
    expect(rig.jpush.sends).toHaveLength(5 + 1);
  });

  test('is buried likewise when its job runs again because the process ended before that', async () => {
    const { rig, msgId } = await waiting();
    const before = await rig.outcomes(msgId);
    expect(await rig.failure(rig.job(msgId))).toBeInstanceOf(DeadJob);
    expect(await rig.outcomes(msgId)).toEqual(before);
  });
});

test('events that come while a job waits for another one to find out are not overlooked', async () => {
  const rig = await ready();
  const { contents, log } = rig.deps;
  // With a key already: nothing but the stream's end keeps it from being sent.
  const recalled = await rig.accept();
  rig.jpush.answer(failed);
  await rig.failure(rig.job(recalled));
  await rig.run(rig.job(await rig.accept()));
  rig.jpush.answer(...range(5).map(() => denied));
  for (const _ of range(5)) await givenUp(rig);
  const redriven = await givenUp(rig);
  const waits = gate();
  const get: typeof contents.get = async (id) => {
    const text = await contents.get(id);
    waits.open();
    return text;
  };
  const run = rig.elsewhere({ contents: { ...contents, get } });
  let waiting: Promise<void> | undefined;
  rig.jpush.answer(async () => {
    waiting = run(rig.job(recalled, { attempt: 2 }));
    await waits.opened;
    const targets = [{ clientId: 'c1', appPackage: rig.appPackage }];
    await appendAll(log, [displayCancelled({ msgId: recalled, targets })]);
    return { type: 'sent' };
  });
  await rig.redrive(redriven);
  await rig.run(rig.job(redriven));
  await waiting;
  expect(rig.jpush.sends).toHaveLength(2 + 5 + 1);
  expect((await rig.outcomes(recalled)).at(-1)?.type).toBe('MessageDisplayCancelled');
});
