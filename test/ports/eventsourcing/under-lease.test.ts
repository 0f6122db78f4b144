/** Work under a lease, on real leases of the embedded backend. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { attachEmbedded } from '../../../src/backends/embedded/index.ts';
import { StoreUnavailable } from '../../../src/ports/errors.ts';
import { startUnderLease, underLease } from '../../../src/ports/eventsourcing/under-lease.ts';
import type { Lease, Leases } from '../../../src/ports/leases.ts';
import { eventually } from '../../contract/support.ts';
import { codec, openTestBackend, testContentKey } from '../../support/embedded.ts';
import { errorLog } from '../../support/error-log.ts';
import { relay } from '../../support/relay.ts';

async function aBackend() {
  const opened = await openTestBackend();
  onTestFinished(opened.close);
  return opened;
}

/** Works until its signal aborts, and tells of it. */
function worker(leases: Leases, work?: (signal: AbortSignal, lease: Lease) => Promise<void>) {
  const stopping = new AbortController();
  const rig = { working: 0, tokens: [] as bigint[], states: [] as string[] };
  const { logger, errors } = errorLog();
  const untilAborted = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  const ended = underLease(
    { leases, logger, name: 'test', onState: (state) => rig.states.push(state) },
    stopping.signal,
    async (signal, lease) => {
      rig.working += 1;
      rig.tokens.push(lease.token);
      await (work ?? untilAborted)(signal, lease).finally(() => {
        rig.working -= 1;
      });
    },
  );
  const stop = (): Promise<void> => {
    stopping.abort();
    return ended.catch(() => undefined);
  };
  onTestFinished(stop);
  return { rig, errors, stop, ended };
}

describe('work under a lease', () => {
  test('is done by one at a time; the next begins when the first is stopped, with a greater token', async () => {
    const { backend } = await aBackend();
    const first = worker(backend.leases);
    await eventually(() => expect(first.rig.working).toBe(1));
    const second = worker(backend.leases);
    await eventually(() => expect(second.rig.states).toEqual(['waiting']));
    await first.stop();
    await eventually(() => expect(second.rig.working).toBe(1));
    expect(first.rig.working).toBe(0);
    expect(second.rig.tokens[0]).toBeGreaterThan(first.rig.tokens[0] ?? 0n);
  });

  test('stops when the lease is lost, and begins again once it is had again; neither is an error line', async () => {
    const { backend, folder } = await aBackend();
    const { port, freeze, heal } = relay(backend.connect('background'));
    const ports = attachEmbedded(port, { file: `${folder}/ums.sqlite`, contentKey: testContentKey, codec });
    onTestFinished(ports.close);
    const stalled = worker(ports.leases);
    await eventually(() => expect(stalled.rig.working).toBe(1));
    const standby = worker(backend.leases);
    freeze();
    await eventually(() => expect(standby.rig.working).toBe(1));
    await eventually(() => expect(stalled.rig.working).toBe(0));
    heal();
    await standby.stop();
    await eventually(() => expect(stalled.rig.tokens).toHaveLength(2));
    expect(stalled.rig.states).toEqual(['waiting', 'held', 'waiting', 'held']);
    expect([...stalled.errors, ...standby.errors]).toEqual([]);
    await stalled.stop();
  });

  test('that ends early or fails gives the lease back', async () => {
    const { backend } = await aBackend();
    const done = worker(backend.leases, async () => undefined);
    await done.ended;
    const failed = worker(backend.leases, () => Promise.reject(new Error('unforeseen')));
    await expect(failed.ended).rejects.toThrow('unforeseen');
    const next = worker(backend.leases);
    await eventually(() => expect(next.rig.working).toBe(1));
  });

  test('waits for a store that is away for good until it is stopped', async () => {
    let asked = 0;
    const acquire = (): Promise<never> => {
      asked += 1;
      return Promise.reject(new StoreUnavailable('gone'));
    };
    const waiting = worker({ acquire });
    await eventually(() => expect(asked).toBeGreaterThan(1));
    await waiting.stop();
    expect(waiting.rig.working).toBe(0);
  });

  test('a loop runs at one place at a time, and is stopped with its lease', async () => {
    const { backend } = await aBackend();
    const { logger } = errorLog();
    const running = [0, 0];
    const loops = running.map((_, place) =>
      startUnderLease({ leases: backend.leases, logger, name: 'test' }, () => {
        running[place] = 1;
        return {
          async stop() {
            running[place] = 0;
          },
        };
      }),
    );
    await eventually(() => expect(running).toEqual([1, 0]));
    await loops[0]?.stop();
    await eventually(() => expect(running).toEqual([0, 1]));
    await loops[1]?.stop();
    expect(running).toEqual([0, 0]);
  });
});
