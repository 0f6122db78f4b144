/** A redriven group's round is in the message's stream, so that its parts have it as well. */
import { expect, onTestFinished, test } from 'vitest';
import { redrive } from '../../../src/commands/redrive.ts';
import { DeadJob, type Jobs } from '../../../src/ports/jobs.ts';
import { reconcile } from '../../../src/workers/reconciler.ts';
import { eventually, shared } from '../../contract/support.ts';
import { aContext } from '../../fixtures/samples.ts';
import { type Delivering, delivering, openShop } from '../support.ts';

const shop = shared(openShop);
const signal = new AbortController().signal;

const idle = (rig: Delivering, queue: string) =>
  eventually(async () => {
    expect(await rig.deps.jobs.counts(queue)).toMatchObject({ waiting: 0, delayed: 0, active: 0 });
  });

/** A message that gave up, denied. */
async function givenUp(rig: Delivering, to: readonly string[]) {
  await rig.terminals(...to.map((clientId) => rig.registered(clientId)));
  const msgId = await rig.accept({ to });
  rig.jpush.answer({ type: 'denied', reason: 'no' });
  expect(await rig.failure(rig.job(msgId))).toBeInstanceOf(DeadJob);
  return msgId;
}

async function ownShop() {
  const own = await openShop();
  onTestFinished(own.close);
  return own;
}

test('a group of which nobody is reached goes on target by target', async () => {
  const rig = delivering(await ownShop());
  const msgId = await givenUp(rig, ['c1', 'c2']);
  rig.jpush.answer({ type: 'nobodyReached', reason: '1011', provider: { httpStatus: 400, code: 1011 } });
  await rig.redrive(msgId);
  await rig.run(rig.job(msgId));
  await rig.worker();
  await idle(rig, rig.job(msgId).queue);
  expect(rig.jpush.sends).toHaveLength(4);
  expect(await rig.deps.jobs.deadLetters(rig.job(msgId).queue, 10)).toEqual([]);
  expect((await rig.outcomes(msgId)).slice(-2)).toMatchObject([
    { type: 'MessageDispatched', data: { round: 1 } },
    { type: 'MessageDispatched', data: { round: 1 } },
  ]);
});

test('a target whose terminal has changed its channel is sent to there', async () => {
  const rig = delivering(await ownShop(), ['jpush', 'm2m']);
  const msgId = await givenUp(rig, ['c1']);
  const moved = rig.registered('c1', { collab3th: 1, deviceType: '08' });
  await rig.terminals({ type: 'ChannelUpdated', data: moved.data });
  await rig.redrive(msgId);
  await rig.run(rig.job(msgId));
  await rig.worker();
  await idle(rig, rig.job(msgId, { channel: 'm2m' }).queue);
  expect(rig.m2m.sends).toHaveLength(1);
});

test('what a run of the round before records late does not end the new round', async () => {
  const rig = delivering(shop());
  await rig.terminals(rig.registered('c1'));
  const msgId = await rig.accept();
  rig.jpush.answer(
    async () => {
      // Elsewhere, a second run of the same job gives up, and an operator redrives that.
      await rig
        .elsewhere()(rig.job(msgId))
        .catch(() => undefined);
      await rig.redrive(msgId);
      return { type: 'denied', reason: 'no' };
    },
    { type: 'denied', reason: 'no' },
  );
  await rig.failure(rig.job(msgId));
  await rig.run(rig.job(msgId));
  expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
});

test('a redrive that ended before it reached the queue is run by the reconciler, from the dead letters', async () => {
  const rig = delivering(await ownShop());
  await rig.terminals(rig.registered('c1'));
  const msgId = await rig.accept();
  const { id, queue, data } = rig.job(msgId);
  rig.jpush.answer({ type: 'denied', reason: 'no' });
  await rig.deps.jobs.add([{ id, queue, data, attempts: 1, backoff: { baseMs: 1, capMs: 1 } }]);
  await rig.worker();
  await eventually(async () => expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 1 }));
  await rig.redrive(msgId);
  expect(await rig.deps.documents.reached('messages', await rig.deps.log.head(), 10_000)).toBe(true);
  await reconcile(rig.deps, signal);
  await idle(rig, queue);
  expect(await rig.deps.jobs.counts(queue)).toMatchObject({ dead: 0 });
  expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ type: 'MessageDispatched', data: { round: 1 } });
});

test('a redrive says who and why, and again it only runs the job', async () => {
  const rig = delivering(shop());
  const msgId = await givenUp(rig, ['c1', 'c2']);
  const asked: string[] = [];
  const jobs: Jobs = {
    ...rig.deps.jobs,
    redrive: async (_, id) => {
      asked.push(`redrive ${id}`);
      return false;
    },
    add: async (added) => void asked.push(...added.map(({ id }) => `add ${id}`)),
  };
  const input = { msgId, group: '0', who: 'operator-1', why: 'mended', context: aContext({ correlationId: msgId }) };
  for (const _ of [1, 2]) expect(await redrive({ ...rig.deps, jobs }, input)).toEqual({ type: 'redriven', round: 1 });
  expect(asked).toEqual([`redrive ${msgId}-0`, `add ${msgId}-0`, `redrive ${msgId}-0`, `add ${msgId}-0`]);
  expect((await rig.outcomes(msgId)).slice(2)).toEqual([
    {
      type: 'DispatchRedriven',
      data: {
        msgId,
        group: '0',
        channel: 'jpush',
        appPackage: rig.appPackage,
        targets: ['c1', 'c2'],
        round: 1,
        who: 'operator-1',
        why: 'mended',
      },
    },
  ]);
});

test.each(['0', '7', '0-9'])(
  'there is nothing to redrive of a message that has not given up: group %s',
  async (group) => {
    const rig = delivering(shop());
    const msgId = await rig.accept();
    const input = { msgId, group, who: 'operator-1', context: aContext() };
    expect(await redrive(rig.deps, input)).toEqual({ type: 'nothingToRedrive' });
    expect(await redrive(rig.deps, { ...input, msgId: `${msgId}x` })).toEqual({ type: 'nothingToRedrive' });
  },
);
