/** The log lines of jobs that end badly: one each, at the right level. */
import { expect, onTestFinished, test } from 'vitest';
import { deliveryJob } from '../../../src/ports/delivery-jobs.ts';
import type { SendResult } from '../../../src/workers/channels/channel.ts';
import { eventually } from '../../contract/support.ts';
import { delivering, hangs, openShop } from '../support.ts';

async function underWay(answers: readonly (SendResult | typeof hangs)[], attempts = 1) {
  // A worker takes jobs that other workers have left behind.
  const shop = await openShop();
  onTestFinished(shop.close);
  const rig = delivering(shop);
  await rig.terminals(rig.registered('c1'));
  const msgId = await rig.accept();
  rig.jpush.answer(...answers);
  const job = deliveryJob({ msgId, group: '0', channel: 'jpush', appPackage: rig.appPackage });
  await rig.deps.jobs.add([{ ...job, attempts, backoff: { baseMs: 1, capMs: 1 } }]);
  const worker = await rig.worker();
  return { rig, msgId, worker, queue: job.queue };
}

test('a delivery that a stop cuts off is no error', async () => {
  const { rig, worker } = await underWay([hangs]);
  await eventually(() => expect(rig.jpush.sends).toHaveLength(1));
  await worker.stop(0);
  expect(rig.lines).toEqual([]);
});

test.each([
  ['denied', 25],
  ['failed', 1],
] as const)('a dead letter is one line with its reason, and no stack: %s', async (type, attempts) => {
  const { rig, msgId, queue } = await underWay([{ type, reason: 'for a reason' }], attempts);
  await eventually(async () => expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 1 }));
  expect(rig.lines).toEqual([
    {
      level: 'error',
      text: 'gave up: a dead letter',
      fields: expect.objectContaining({ msgId, queue, reason: 'for a reason' }),
    },
  ]);
  expect(rig.lines[0]?.fields).not.toHaveProperty('err');
});

test('a message that the provider refuses is one line with code and reason, without content or pushId', async () => {
  const { rig, msgId, queue } = await underWay([
    { type: 'refused', reason: 'JPush 1003: bad parameter', provider: { httpStatus: 400, code: 1003 } },
  ]);
  await eventually(async () => expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 0, active: 0 }));
  expect(rig.lines).toEqual([
    {
      level: 'warn',
      text: 'delivery failed',
      fields: expect.objectContaining({
        msgId,
        failure: 'refused',
        provider: { httpStatus: 400, code: 1003 },
        targets: 1,
      }),
    },
  ]);
  expect(JSON.stringify(rig.lines)).not.toContain('push-c1');
});

test('a dead pushId is one line, and the pushId is not in it', async () => {
  const { rig, queue } = await underWay([
    { type: 'deadRecipients', clientIds: ['c1'], reason: 'unknown id', provider: { httpStatus: 400, code: 1011 } },
  ]);
  await eventually(async () => expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 0, active: 0 }));
  expect(rig.lines).toMatchObject([
    { level: 'warn', text: 'the provider does not know a pushId: registration ended', fields: { clientId: 'c1' } },
  ]);
  expect(JSON.stringify(rig.lines)).not.toContain('push-c1');
});
