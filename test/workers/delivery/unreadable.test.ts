/** A status 200 from the provider, or from a proxy in its place. */
import { describe, expect, test } from 'vitest';
import { RetryJob } from '../../../src/ports/jobs.ts';
import { unreadableAnswers } from '../../../src/workers/delivery/unreadable-answers.ts';
import { range, shared } from '../../contract/support.ts';
import { delivering, openShop } from '../support.ts';

const shop = shared(openShop);

async function accepted() {
  const rig = delivering(shop());
  await rig.terminals(rig.registered('c1'));
  const msgId = await rig.accept();
  return { rig, msgId, job: rig.job(msgId) };
}

describe('a message that was taken, in an unreadable answer', () => {
  const unreadable = {
    type: 'unreadable',
    reason: 'HTTP 200 without a msg_id',
    provider: { httpStatus: 200 },
  } as const;
  const timeout = { type: 'failed', reason: 'timeout' } as const;

  test('is asked again, with the same key, until one can be read', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer(unreadable, unreadable);
    for (const attempt of [1, 2]) expect(await rig.failure({ ...job, attempt })).toBeInstanceOf(RetryJob);
    await rig.run({ ...job, attempt: 3 });
    expect(rig.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1', 'key-1']);
    const data = { targets: ['c1'], providerMessageId: 'provider-3' };
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data });
    expect(rig.lines.map(({ text }) => text)).not.toContain('taken for sent: the answer stays unreadable');
  });

  test('is believed the third time, with a warning; failures in between do not count', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer(unreadable, timeout, unreadable, timeout, { ...unreadable, providerMessageId: '5' });
    for (const attempt of [1, 2, 3, 4]) expect(await rig.failure({ ...job, attempt })).toBeInstanceOf(RetryJob);
    await rig.run({ ...job, attempt: 5 });
    expect(rig.jpush.sends).toHaveLength(5);
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({
      type: 'MessageDispatched',
      data: { targets: ['c1'], providerMessageId: '5' },
    });
    const text = 'taken for sent: the answer stays unreadable';
    expect(rig.lines.at(-1)).toMatchObject({ level: 'warn', text, fields: { msgId, reason: unreadable.reason } });
  });

  test('and once refused after all is refused', async () => {
    const { rig, msgId, job } = await accepted();
    rig.jpush.answer(unreadable, { type: 'refused', reason: 'too big', provider: {} });
    await rig.failure(job);
    await rig.run({ ...job, attempt: 2 });
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'refused' } });
  });

  test('counts for each message separately', async () => {
    const { rig, job } = await accepted();
    const others = await Promise.all([rig.accept(), rig.accept()]);
    rig.jpush.answer(...range(3).map(() => unreadable));
    for (const each of [job, ...others.map((msgId) => rig.job(msgId))])
      expect(await rig.failure(each)).toBeInstanceOf(RetryJob);
  });
});

test('of so many unreadable answers only the newest are remembered', () => {
  const answers = unreadableAnswers(2);
  for (const key of ['a', 'a', 'b', 'c']) expect(answers.isBelieved(key)).toBe(false);
  expect(answers.isBelieved('a')).toBe(false);
  expect(answers.isBelieved('c')).toBe(false);
  expect(answers.isBelieved('c')).toBe(true);
});
