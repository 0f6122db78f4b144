/** A provider that says that it took a message, or somebody who speaks in its place. */
import { describe, expect, test } from 'vitest';
import { RetryJob } from '../../src/ports/jobs.ts';
import { unreadableAnswers } from '../../src/workers/unreadable-answers.ts';
import { range, shared } from '../contract/support.ts';
import { delivering, openShop } from './support.ts';

const shop = shared(openShop);

async function accepted() {
  const it = delivering(shop());
  await it.terminals(it.registered('c1'));
  const msgId = await it.accept();
  return { it, msgId, job: it.job(msgId) };
}

describe('a message that was taken, in an answer that nobody can read', () => {
  const unreadable = {
    type: 'unreadable',
    reason: 'HTTP 200 without a msg_id',
    provider: { httpStatus: 200 },
  } as const;
  const timeout = { type: 'failed', reason: 'timeout' } as const;

  test('is asked again, with the same key, until one can be read', async () => {
    const { it, msgId, job } = await accepted();
    it.jpush.answer(unreadable, unreadable);
    for (const attempt of [1, 2]) expect(await it.failure({ ...job, attempt })).toBeInstanceOf(RetryJob);
    await it.run({ ...job, attempt: 3 });
    expect(it.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key-1', 'key-1', 'key-1']);
    const data = { targets: ['c1'], providerMessageId: 'provider-3' };
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data });
    expect(it.lines.map(({ text }) => text)).not.toContain('taken for sent: the answer stays unreadable');
  });

  test('three times is believed, and said loudly; what fails in between does not count', async () => {
    const { it, msgId, job } = await accepted();
    it.jpush.answer(unreadable, timeout, unreadable, timeout, { ...unreadable, providerMessageId: '5' });
    for (const attempt of [1, 2, 3, 4]) expect(await it.failure({ ...job, attempt })).toBeInstanceOf(RetryJob);
    await it.run({ ...job, attempt: 5 });
    expect(it.jpush.sends).toHaveLength(5);
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({
      type: 'MessageDispatched',
      data: { targets: ['c1'], providerMessageId: '5' },
    });
    const text = 'taken for sent: the answer stays unreadable';
    expect(it.lines.at(-1)).toMatchObject({ level: 'warn', text, fields: { msgId, reason: unreadable.reason } });
  });

  test('and once refused after all is refused', async () => {
    const { it, msgId, job } = await accepted();
    it.jpush.answer(unreadable, { type: 'refused', reason: 'too big', provider: {} });
    await it.failure(job);
    await it.run({ ...job, attempt: 2 });
    expect((await it.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'refused' } });
  });

  test('counts for each message by itself', async () => {
    const { it, job } = await accepted();
    const others = await Promise.all([it.accept(), it.accept()]);
    it.jpush.answer(...range(3).map(() => unreadable));
    for (const each of [job, ...others.map((msgId) => it.job(msgId))])
      expect(await it.failure(each)).toBeInstanceOf(RetryJob);
  });
});

test('of so many unreadable answers only the newest are remembered', () => {
  const answers = unreadableAnswers(2);
  for (const key of ['a', 'a', 'b', 'c']) expect(answers.isBelieved(key)).toBe(false);
  expect(answers.isBelieved('a')).toBe(false);
  expect(answers.isBelieved('c')).toBe(false);
  expect(answers.isBelieved('c')).toBe(true);
});
