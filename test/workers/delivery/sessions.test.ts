/** What the jobs of a message read of its stream, and what is kept between them. */
import { describe, expect, test } from 'vitest';
import type { EventOf } from '../../../src/domain/events.ts';
import { messageStream } from '../../../src/domain/streams.ts';
import type { EventLog, RecordedEvent } from '../../../src/ports/event-log.ts';
import { delivery } from '../../../src/workers/delivery/deliver.ts';
import { lane } from '../../../src/workers/delivery/lane.ts';
import { messageSessions } from '../../../src/workers/delivery/message-sessions.ts';
import { rejectPushId } from '../../../src/workers/delivery/push-id-rejection.ts';
import { range, shared } from '../../contract/support.ts';
import { appendAll, displayCancelled, prepared } from '../../support/events.ts';
import { type Delivering, delivering, openShop } from '../support.ts';

const shop = shared(openShop);

/** The log, counting what is read of streams. */
function counting(log: EventLog) {
  const counted = { reads: 0, events: 0 };
  const readStream: EventLog['readStream'] = async (...parameters) => {
    const events = await log.readStream(...parameters);
    counted.reads += 1;
    counted.events += events.length;
    return events;
  };
  return { log: { ...log, readStream }, counted };
}

/** A handler of jobs that shares its sessions with a dispatcher, and counts its reads. */
function process(rig: Delivering, maxKeptTargets?: number) {
  const { log, counted } = counting(rig.deps.log);
  const sessions = messageSessions(log, rig.deps.clock, maxKeptTargets);
  const route = {
    channel: rig.jpush.channel,
    lane: lane(rig.jpush.channel, rig.appPackage),
  };
  const handle = delivery({ ...rig.deps, log }, () => route, sessions);
  return { sessions, counted, run: (job: Parameters<typeof handle>[0]) => handle(job, new AbortController().signal) };
}

async function begun(rig: Delivering, msgId: string): Promise<RecordedEvent<EventOf<'MessageAccepted'>>> {
  const [first] = await rig.deps.log.readStream(messageStream(msgId));
  if (first?.event.type !== 'MessageAccepted') throw new Error('not accepted');
  return first as RecordedEvent<EventOf<'MessageAccepted'>>;
}

async function ready(to = ['c1']) {
  const rig = delivering(shop());
  await rig.terminals(...to.map((clientId) => rig.registered(clientId)));
  return { rig, msgId: await rig.accept({ to }) };
}

describe('a message that the dispatcher has read', () => {
  test('is delivered without reading its stream', async () => {
    const { rig, msgId } = await ready();
    const { sessions, counted, run } = process(rig);
    sessions.begin(await begun(rig, msgId));
    await run(rig.job(msgId));
    expect(counted).toEqual({ reads: 0, events: 0 });
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual([
      'MessageDispatchPrepared',
      'MessageDispatched',
    ]);
  });

  test('and was cancelled since is not sent', async () => {
    const { rig, msgId } = await ready();
    const { sessions, run } = process(rig);
    sessions.begin(await begun(rig, msgId));
    const targets = [{ clientId: 'c1', appPackage: rig.appPackage }];
    await appendAll(rig.deps.log, [displayCancelled({ msgId, targets })]);
    await run(rig.job(msgId));
    expect(rig.jpush.sends).toEqual([]);
    expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDisplayCancelled']);
  });

  test('and that another process has prepared since is sent with the key that is recorded', async () => {
    const { rig, msgId } = await ready();
    const { sessions, run } = process(rig);
    sessions.begin(await begun(rig, msgId));
    const { appPackage } = rig;
    const keyValidUntil = new Date(rig.clock.now() + 3_600_000).toISOString();
    await appendAll(rig.deps.log, [
      prepared({ msgId, appPackage, targets: ['c1'], idempotencyKey: 'theirs', keyValidUntil }),
    ]);
    await run(rig.job(msgId));
    expect(rig.jpush.sends.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['theirs']);
  });

  test('and whose pushId the provider had refused before the process ended says so', async () => {
    const { rig, msgId } = await ready();
    const { appPackage } = rig;
    const { sessions, run } = process(rig);
    const accepted = await begun(rig, msgId);
    sessions.begin(accepted);
    await appendAll(rig.deps.log, [prepared({ msgId, appPackage, targets: ['c1'], idempotencyKey: 'theirs' })]);
    await rejectPushId(rig.deps, accepted, appPackage, { clientId: 'c1', pushId: 'push-c1' });
    expect(await rig.deps.documents.reached('devices', await rig.deps.log.head(), 10_000)).toBe(true);
    await run(rig.job(msgId));
    expect((await rig.outcomes(msgId)).at(-1)).toMatchObject({ data: { failure: 'pushIdRejected' } });
  });

  test('is forgotten where too many wait: its stream is read', async () => {
    const { rig, msgId } = await ready();
    const { sessions, counted, run } = process(rig, 2);
    sessions.begin(await begun(rig, msgId));
    for (const _ of range(2)) sessions.begin(await begun(rig, await rig.accept()));
    await run(rig.job(msgId));
    expect(counted).toMatchObject({ reads: 1, events: 1 });
  });
});

test('splitting a group reads each event of the stream a bounded number of times', async () => {
  const names = range(200).map((n) => `c${n}`);
  const { rig, msgId } = await ready(names);
  const { counted, run } = process(rig);
  rig.jpush.answer({ type: 'nobodyReached', reason: '1011', provider: { httpStatus: 400, code: 1011 } });
  await run(rig.job(msgId));
  for (const n of range(200)) await run(rig.job(msgId, { group: `0-${n}` }));
  expect(rig.jpush.sends).toHaveLength(201);
  expect(counted.events).toBeLessThan(10);
});

test('a session that was kept sees what others have appended since', async () => {
  const { rig, msgId } = await ready(['c1', 'c2']);
  const { run } = process(rig);
  rig.jpush.answer({ type: 'failed', reason: 'timeout' });
  await run(rig.job(msgId)).catch(() => undefined);
  const { appPackage } = rig;
  await appendAll(rig.deps.log, [displayCancelled({ msgId, targets: [{ clientId: 'c1', appPackage }] })]);
  await run(rig.job(msgId, { attempt: 2 }));
  expect(rig.jpush.sends.at(-1)?.recipients.map(({ clientId }) => clientId)).toEqual(['c2']);
});

test('a channel without keys is called without recording one, and never on what the dispatcher has read alone', async () => {
  const { rig, msgId } = await ready(['c1', 'c2']);
  const { reserveKey: _, ...keyless } = rig.jpush.channel;
  const sessions = messageSessions(rig.deps.log, rig.deps.clock);
  const route = { channel: keyless, lane: lane(keyless, rig.appPackage) };
  const handle = delivery(rig.deps, () => route, sessions);
  sessions.begin(await begun(rig, msgId));
  const { appPackage } = rig;
  await appendAll(rig.deps.log, [displayCancelled({ msgId, targets: [{ clientId: 'c1', appPackage }] })]);
  await handle(rig.job(msgId), new AbortController().signal);
  expect(rig.jpush.sends).toMatchObject([{ recipients: [{ clientId: 'c2' }] }]);
  expect(rig.jpush.sends[0]?.idempotencyKey).toBeUndefined();
  expect((await rig.outcomes(msgId)).map(({ type }) => type)).toEqual(['MessageDisplayCancelled', 'MessageDispatched']);
});
