/** A provider that refuses us (credentials, account), whatever is sent: who is given up, who asks it again. */
import { describe, expect, test } from 'vitest';
import { DeadJob, PauseQueue } from '../../src/ports/jobs.ts';
import type { SendResult } from '../../src/workers/channels/channel.ts';
import { gate, range, shared } from '../contract/support.ts';
import { appendAll, displayCancelled } from '../support/events.ts';
import { type Delivering, delivering, openShop } from './support.ts';

const shop = shared(openShop);

const denied = {
  type: 'denied',
  reason: 'JPush 2003: app key is blocked',
  provider: { httpStatus: 403, code: 2003 },
} as const;
const failed: SendResult = { type: 'failed', reason: 'timeout' };

async function ready() {
  const it = delivering(shop());
  await it.terminals(it.registered('c1'));
  return it;
}

/** A message whose one try is denied, or is given up because others were. @returns its msgId */
async function givenUp(it: Delivering): Promise<string> {
  const msgId = await it.accept();
  expect(await it.failure(it.job(msgId))).toBeInstanceOf(DeadJob);
  const { reason, provider } = denied;
  expect((await it.outcomes(msgId)).at(-1)).toMatchObject({
    type: 'MessageDispatchFailed',
    data: { failure: 'gaveUp', reason, provider, targets: ['c1'], round: 0 },
  });
  return msgId;
}

describe('for many messages', () => {
  test('is called five times; all are given up, with its reason, and only those that were called have a key', async () => {
    const it = await ready();
    it.jpush.answer(...range(50).map(() => denied));
    for (const _ of range(50)) await givenUp(it);
    expect(it.jpush.sends).toHaveLength(5);
    expect(it.jpush.keys).toHaveLength(5);
  });

  test('likewise where it is the keys that it denies', async () => {
    const it = await ready();
    it.jpush.answerKey(...range(20).map(() => ({ ...denied })));
    for (const _ of range(20)) await givenUp(it);
    expect(it.jpush.keys).toHaveLength(5);
    expect(it.jpush.sends).toEqual([]);
  });

  test('between other failures does not speak for those that wait', async () => {
    const it = await ready();
    it.jpush.answer(denied, failed, denied, failed, denied);
    for (const _ of range(5)) await it.failure(it.job(await it.accept()));
    const waits = await it.accept();
    expect(await it.failure(it.job(waits))).toBeInstanceOf(PauseQueue);
    expect(await it.outcomes(waits)).toEqual([]);
  });
});

describe('a message that was given up without a call', () => {
  /** Given up like the five before it. */
  async function waiting() {
    const it = await ready();
    it.jpush.answer(...range(5).map(() => denied));
    for (const _ of range(5)) await givenUp(it);
    return { it, msgId: await givenUp(it) };
  }

  test('and is redriven asks the provider at once; once it is sent the others go on', async () => {
    const { it, msgId } = await waiting();
    await it.run(it.job(msgId, { redrives: 1 }));
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
    const next = await it.accept();
    await it.run(it.job(next));
    expect((await it.outcomes(next)).at(-1)).toMatchObject({ type: 'MessageDispatched' });
    expect(it.jpush.sends).toHaveLength(5 + 2);
  });

  test('and is redriven too early is given up by a call of its own', async () => {
    const { it, msgId } = await waiting();
    it.jpush.answer(denied);
    expect(await it.failure(it.job(msgId, { redrives: 1 }))).toBeInstanceOf(DeadJob);
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'gaveUp', round: 1 } });
    expect(it.jpush.sends).toHaveLength(5 + 1);
  });

  test('is buried likewise when its job runs again because the process ended before that', async () => {
    const { it, msgId } = await waiting();
    const before = await it.outcomes(msgId);
    expect(await it.failure(it.job(msgId))).toBeInstanceOf(DeadJob);
    expect(await it.outcomes(msgId)).toEqual(before);
  });
});

test('what happens while a job waits for another one to find out is not overlooked', async () => {
  const it = await ready();
  const { contents, log } = it.deps;
  // With a key already: nothing but the stream's end keeps it from being sent.
  const recalled = await it.accept();
  it.jpush.answer(failed);
  await it.failure(it.job(recalled));
  await it.run(it.job(await it.accept()));
  it.jpush.answer(...range(5).map(() => denied));
  for (const _ of range(5)) await givenUp(it);
  const redriven = await givenUp(it);
  const waits = gate();
  const get: typeof contents.get = async (id) => {
    const text = await contents.get(id);
    waits.open();
    return text;
  };
  const run = it.elsewhere({ contents: { ...contents, get } });
  let waiting: Promise<void> | undefined;
  it.jpush.answer(async () => {
    waiting = run(it.job(recalled, { attempt: 2 }));
    await waits.opened;
    const targets = [{ clientId: 'c1', appPackage: it.appPackage }];
    await appendAll(log, [displayCancelled({ msgId: recalled, targets })]);
    return { type: 'sent' };
  });
  await it.run(it.job(redriven, { redrives: 1 }));
  await waiting;
  expect(it.jpush.sends).toHaveLength(2 + 5 + 1);
  expect((await it.outcomes(recalled)).at(-1)?.type).toBe('MessageDisplayCancelled');
});
