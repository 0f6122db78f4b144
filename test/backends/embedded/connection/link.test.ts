/** One thread's line to the writer, with a scripted writer. */
import { MessageChannel } from 'node:worker_threads';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { openLink } from '../../../../src/backends/embedded/connection/link.ts';
import type { FromWriter, Notice, Reply, ToWriter } from '../../../../src/backends/embedded/protocol.ts';
import { CheckpointLost, StoreUnavailable } from '../../../../src/ports/errors.ts';
import { eventually, range } from '../../../contract/support.ts';

const op = { kind: 'countJobs', queue: 'q' } as const;
const notice: Notice = { head: 7, checkpoints: [], queues: [], changes: [], places: [] };

afterEach(() => {
  vi.useRealTimers();
});

/** A link and the far end of it. */
function open() {
  const { port1, port2 } = new MessageChannel();
  const link = openLink(port1);
  const received: ToWriter[] = [];
  port2.on('message', (message: ToWriter) => received.push(message));
  onTestFinished(() => {
    link.lost('the test is over');
    port1.close();
    port2.close();
  });
  const say = (message: FromWriter): void => port2.postMessage(message);
  return {
    link,
    received,
    say,
    ops: () => received.flatMap((message) => (message.type === 'ops' ? [[message.first, message.ops.length]] : [])),
    answer: (first: number, replies: Reply[], told?: Notice) =>
      say({ type: 'committed', replies: [{ first, replies }], notice: told }),
  };
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('sending', () => {
  test('requests of one turn of the event loop go out together, numbered on', async () => {
    const { link, ops, answer } = open();
    const first = range(3).map(() => link.send(op));
    await eventually(() => expect(ops()).toEqual([[0, 3]]));
    const second = link.send(op);
    await eventually(() =>
      expect(ops()).toEqual([
        [0, 3],
        [3, 1],
      ]),
    );
    answer(
      0,
      range(3).map((n) => ({ ok: true, value: n })),
    );
    answer(3, [{ ok: true, value: 'later' }]);
    expect(await Promise.all([...first, second])).toEqual([0, 1, 2, 'later']);
  });

  test('goes out at 64 operations without waiting for the turn to end', async () => {
    const { link, ops } = open();
    for (const _ of range(150)) void failureOf(link.send(op));
    await eventually(() =>
      expect(ops()).toEqual([
        [0, 64],
        [64, 64],
        [128, 22],
      ]),
    );
  });

  test('answers out of order reach their requests', async () => {
    const { link, answer } = open();
    const [a, b] = [link.send(op), link.send(op)];
    answer(1, [{ ok: true, value: 'b' }]);
    answer(0, [{ ok: true, value: 'a' }]);
    expect(await Promise.all([a, b])).toEqual(['a', 'b']);
  });

  test('a refusal is an error of its kind, and of no other’s', async () => {
    const { link, answer } = open();
    const [lost, other, fine] = [failureOf(link.send(op)), failureOf(link.send(op)), link.send(op)];
    answer(0, [
      { ok: false, error: { name: 'CheckpointLost', message: 'it stands at 3' } },
      { ok: false, error: { name: 'StoreUnavailable', message: 'disk full' } },
      { ok: true, value: 1 },
    ]);
    expect(await lost).toBeInstanceOf(CheckpointLost);
    expect(await other).toEqual(new StoreUnavailable('disk full'));
    expect(await fine).toBe(1);
  });

  test('listeners hear of a commit before its operations are answered', async () => {
    const { link, answer } = open();
    const order: string[] = [];
    link.onNotice(({ head }) => order.push(`notice ${head}`));
    const answered = link.send(op).then(() => order.push('answered'));
    answer(0, [{ ok: true, value: 1 }], notice);
    await answered;
    expect(order).toEqual(['notice 7', 'answered']);
  });
});

describe('hearing', () => {
  test('takes all pending messages of the writer at once: the news, then the answers', async () => {
    const { link, received, answer } = open();
    const order: string[] = [];
    link.onNotice(({ head }) => order.push(`notice ${head}`));
    const answered = link.send(op).then((value) => order.push(`answer ${value}`));
    await eventually(() => expect(received).toHaveLength(1));
    answer(0, [{ ok: true, value: 1 }], notice);
    answer(0, [], { ...notice, head: 8 });
    link.drainNotices();
    expect(order).toEqual(['notice 7', 'notice 8']);
    await answered;
    expect(order).toEqual(['notice 7', 'notice 8', 'answer 1']);
  });

  test('of nothing new does nothing', () => {
    const { link } = open();
    link.drainNotices();
    expect(link.signal.aborted).toBe(false);
  });
});

describe('bounds', () => {
  test('beyond 20 000 operations that wait the store is overloaded, and not any more once they are answered', async () => {
    const { link, answer } = open();
    const waiting = range(20_000).map(() => link.send(op));
    expect(await failureOf(link.send(op))).toEqual(new StoreUnavailable('the store is overloaded'));
    answer(
      0,
      range(20_000).map((n) => ({ ok: true, value: n })),
    );
    expect((await Promise.all(waiting)).at(-1)).toBe(19_999);
    const next = link.send(op);
    answer(20_000, [{ ok: true, value: 'again' }]);
    expect(await next).toBe('again');
  });

  test('a writer that is silent for 10 s leaves the outcome unknown; a late answer is dropped, later ones count', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
    const { link, answer } = open();
    const pending = failureOf(link.send(op));
    vi.advanceTimersByTime(9_000);
    const younger = failureOf(link.send(op));
    vi.advanceTimersByTime(2_500);
    expect(await pending).toBeInstanceOf(StoreUnavailable);
    expect(await younger).toBeInstanceOf(StoreUnavailable);
    const next = link.send(op);
    answer(0, [
      { ok: true, value: 'too late' },
      { ok: true, value: 'too late' },
      { ok: true, value: 'in time' },
    ]);
    expect(await next).toBe('in time');
  });

  test('a request without a deadline waits until it is answered or the writer is gone, though others have timed out', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
    const { link, answer } = open();
    const patient = link.sendAndWait(op);
    const pending = failureOf(link.send(op));
    const lost = failureOf(link.sendAndWait(op));
    vi.advanceTimersByTime(3_600_000);
    expect(await pending).toBeInstanceOf(StoreUnavailable);
    answer(0, [{ ok: true, value: 'late' }]);
    expect(await patient).toBe('late');
    link.lost('the disk is gone');
    expect(await lost).toEqual(new StoreUnavailable('the disk is gone'));
  });

  test('one that answers within 10 s is waited for', async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] });
    const { link, answer } = open();
    const pending = link.send(op);
    vi.advanceTimersByTime(10_000);
    answer(0, [{ ok: true, value: 'slow' }]);
    expect(await pending).toBe('slow');
  });
});

describe('the end', () => {
  test('a writer that is gone rejects waiting and new requests', async () => {
    const { link } = open();
    const pending = range(3).map(() => failureOf(link.send(op)));
    link.lost('the disk is gone');
    for (const error of await Promise.all([...pending, failureOf(link.send(op))]))
      expect(error).toEqual(new StoreUnavailable('the disk is gone'));
    expect(link.signal.aborted).toBe(true);
    await link.close();
  });

  test('close sends the remaining requests, waits for their answers, and takes no more', async () => {
    const { link, received, answer, say } = open();
    const pending = link.send(op);
    const closed = link.close();
    expect(await failureOf(link.send(op))).toEqual(new StoreUnavailable('the store is closed'));
    await eventually(() => expect(received.map(({ type }) => type)).toEqual(['ops', 'leave']));
    answer(0, [{ ok: true, value: 'kept' }]);
    say({ type: 'left' });
    await closed;
    expect(await pending).toBe('kept');
    expect(link.signal.aborted).toBe(true);
  });

  test('close waits for a silent writer no longer than an operation does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { link } = open();
    const pending = failureOf(link.sendAndWait(op));
    const closed = link.close();
    vi.advanceTimersByTime(10_000);
    await closed;
    expect(await pending).toEqual(new StoreUnavailable('the store is closed'));
  });

  test('close ends also when the writer dies meanwhile', async () => {
    const { link } = open();
    const pending = failureOf(link.send(op));
    const closed = link.close();
    link.lost('the writer is gone');
    await closed;
    expect(await pending).toBeInstanceOf(StoreUnavailable);
  });
});
