/** How a subscription handles failures, with a scripted log and checkpoint. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { UndecodableEvent } from '../../../src/domain/codec.ts';
import type { RegistrationEvent } from '../../../src/domain/events.ts';
import { type Position, positionOf } from '../../../src/domain/position.ts';
import { CheckpointLost, CheckpointOfAnotherLog, StoreUnavailable } from '../../../src/ports/errors.ts';
import type { EventLog, LogBatch } from '../../../src/ports/event-log.ts';
import {
  type Begun,
  PoisonEvent,
  type SubscriptionState,
  startSubscription,
  type TakeBatch,
} from '../../../src/ports/eventsourcing/subscription.ts';
import type { Leases } from '../../../src/ports/leases.ts';
import { eventually, gate } from '../../contract/support.ts';
import { channelRegistered } from '../../fixtures/samples.ts';
import { errorLog } from '../../support/error-log.ts';
import { recorded } from '../../support/events.ts';
import { freeLeases } from '../../support/leases.ts';
import { recordedTelemetry } from '../../support/telemetry.ts';

const events = recorded<RegistrationEvent>(['a', 'b', 'c'].map((clientId) => channelRegistered({ clientId })));

/** Gives the events after a position, one a batch, says that it has caught up, waits for the signal. */
async function* following(after: Position, signal: AbortSignal): AsyncGenerator<LogBatch> {
  for (const event of events)
    if (event.position > after) yield { events: [event], scanned: event.position, caughtUp: false };
  yield { events: [], scanned: after, caughtUp: true };
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve());
  });
}

type Take = (...parameters: Parameters<TakeBatch<RegistrationEvent>>) => void;

/** A subscription with a checkpoint in memory. `take` may throw before an event is taken. */
function subscription(take: Take, subscribe = following, leases = freeLeases()) {
  const { errors, logger } = errorLog();
  const { changes, telemetry } = recordedTelemetry();
  const rig = { checkpoint: positionOf(0), taken: [] as string[], begun: 0 };
  const log = {
    id: async () => 'log',
    subscribe: (after, _, signal) => subscribe(after, signal),
  } as Partial<EventLog> as EventLog;
  const begin = async (): Promise<Begun<RegistrationEvent>> => {
    rig.begun += 1;
    return {
      from: rig.checkpoint,
      async take(batch, from, signal) {
        take(batch, from, signal);
        for (const { event } of batch) rig.taken.push(event.data.clientId);
        rig.checkpoint = batch.at(-1)?.position ?? from;
        return rig.checkpoint;
      },
      async passOver(_, to) {
        rig.checkpoint = to;
      },
    };
  };
  const filter = { prefixes: ['registration-'] };
  const started = startSubscription(
    { name: 'test', part: 'a part', filter, begin },
    { log, leases, logger, telemetry },
  );
  onTestFinished(() => started.stop());
  return { ...started, rig, errors, changes };
}

const comesTo = (state: () => SubscriptionState, expected: unknown) =>
  eventually(() => expect(state()).toMatchObject(expected as object));

describe('a subscription', () => {
  test('takes batch after batch from its checkpoint on, and is running until it is stopped', async () => {
    const { rig, state, stop, errors } = subscription(() => undefined);
    expect(state()).toEqual({ status: 'standby' });
    await eventually(() => expect(rig.taken).toEqual(['a', 'b', 'c']));
    expect(state()).toEqual({ status: 'running' });
    await stop();
    expect(state()).toEqual({ status: 'stopped' });
    expect([rig.begun, errors]).toEqual([1, []]);
  });

  test.each([new StoreUnavailable('away'), new CheckpointLost('moved'), new Error('unforeseen')])(
    'waits after %s, begins anew from where the checkpoint then stands, and is running again',
    async (error) => {
      let left = 1;
      const { rig, state, errors, changes } = subscription(([first]) => {
        if (first?.event.data.clientId !== 'b' || left === 0) return;
        left -= 1;
        throw error;
      });
      await comesTo(state, { status: 'waiting', error });
      // Somebody else has taken b meanwhile.
      rig.checkpoint = positionOf(2);
      await eventually(() => expect(rig.taken).toEqual(['a', 'c']));
      await comesTo(state, { status: 'running' });
      expect(rig.begun).toBe(2);
      // The origin of an unforeseen error is worth a line; the other errors are passing states.
      const isForeseen = error.name !== 'Error';
      expect(errors.map(({ fields }) => fields.err)).toEqual(isForeseen ? [] : [error]);
      // Another runner that moves the checkpoint once is no trouble at all.
      const waited = error instanceof CheckpointLost ? [] : [`a part waiting: ${error.message}`, 'a part catchingUp'];
      await eventually(() => expect(changes).toEqual(['a part catchingUp', ...waited, 'a part up']));
    },
  );

  test.each([
    new PoisonEvent('not this one'),
    new UndecodableEvent('not JSON'),
    new CheckpointOfAnotherLog('restored from elsewhere'),
  ])('has failed for good after %s, also once it is stopped', async (error) => {
    const { rig, state, stop, changes } = subscription(([first]) => {
      if (first?.event.data.clientId === 'b') throw error;
    });
    await comesTo(state, { status: 'failed', error });
    await stop();
    expect(state()).toEqual({ status: 'failed', error });
    expect(rig).toMatchObject({ taken: ['a'], begun: 1 });
    expect(changes).toEqual(['a part catchingUp', `a part failed: ${error.message}`]);
  });

  test('stands by while another process has its lease, says so, and takes over', async () => {
    const lease = gate();
    const free = freeLeases();
    const leases: Leases = {
      async acquire(name, signal) {
        await lease.opened;
        return free.acquire(name, signal);
      },
    };
    const { rig, state, changes } = subscription(() => undefined, following, leases);
    await eventually(() => expect(changes).toEqual([expect.stringContaining('a part waiting: another process has')]));
    expect([state(), rig.begun]).toEqual([{ status: 'standby' }, 0]);
    lease.open();
    await eventually(() => expect(rig.taken).toEqual(['a', 'b', 'c']));
  });

  test('says that it waits once it loses its checkpoint again and again', async () => {
    const { errors, changes } = subscription(() => {
      throw new CheckpointLost('moved');
    });
    await eventually(() => expect(changes).toEqual(['a part catchingUp', 'a part waiting: moved']));
    expect(errors).toEqual([]);
  });

  test('waits and says so when its subscription ends early, and subscribes again', async () => {
    let subscriptions = 0;
    async function* ending(after: Position, signal: AbortSignal): AsyncGenerator<LogBatch> {
      subscriptions += 1;
      if (subscriptions > 1) return yield* following(after, signal);
      yield { events: events.slice(0, 1), scanned: positionOf(1), caughtUp: false };
    }
    const { rig, state, errors } = subscription(() => undefined, ending);
    await comesTo(state, { status: 'waiting', error: { message: 'the subscription has ended' } });
    await eventually(() => expect(rig.taken).toEqual(['a', 'b', 'c']));
    await comesTo(state, { status: 'running' });
    expect(errors).toHaveLength(1);
  });

  describe('of rare events', () => {
    /** Gives the test's batches at any position, then waits for the signal. */
    const giving = (...batches: readonly LogBatch[]) =>
      async function* (_: Position, signal: AbortSignal): AsyncGenerator<LogBatch> {
        yield* batches;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      };
    const passed = (scanned: number, caughtUp: boolean): LogBatch => ({
      events: [],
      scanned: positionOf(scanned),
      caughtUp,
    });
    const nothing = (): void => undefined;

    test('saves how far it has read: after many events of others, and at the end of the log', async () => {
      const half = subscription(nothing, giving(passed(10_000, false)));
      await eventually(() => expect(half.rig.checkpoint).toBe(10_000n));
      const whole = subscription(nothing, giving(passed(10_000, false), passed(12_000, true)));
      await eventually(() => expect(whole.rig.checkpoint).toBe(12_000n));
    });
  });

  test('that is stopped takes no batch after the one at hand, some of which may be left', async () => {
    const aborted: boolean[] = [];
    const running = subscription((_, __, signal) => {
      void running.stop();
      aborted.push(signal.aborted);
    });
    await comesTo(running.state, { status: 'stopped' });
    expect(running.rig.taken).toEqual(['a']);
    expect(aborted).toEqual([true]);
  });
});
