/**
 * The line to a far side, over both kinds of channel, since a suite's `other` is only as good as this line. Here the far
 * side holds a backend of its own; in the suites it is a thread of the embedded backend, or a process on a server.
 */
import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { START } from '../../src/domain/position.ts';
import { CheckpointLost } from '../../src/ports/errors.ts';
import { DeadJob, PauseQueue, RetryJob } from '../../src/ports/jobs.ts';
import { at, deleted, LOG, screens, stored } from './documents/samples.ts';
import { toProcess } from './elsewhere/channels.ts';
import { elsewhere } from './elsewhere/ports.ts';
import { read } from './event-log/reader.ts';
import { append, aStream, labels } from './event-log/samples.ts';
import { aJob, aQueue, work } from './jobs/samples.ts';
import { eventually, failureOf, freshName, gate, range } from './support.ts';

async function aProcess() {
  const folder = await mkdtemp(join(tmpdir(), 'ums-elsewhere-'));
  const far = elsewhere(() =>
    toProcess(
      fork(new URL('./elsewhere/embedded-process.ts', import.meta.url), [folder], { serialization: 'advanced' }),
    ),
  );
  onTestFinished(async () => {
    await far.close();
    await rm(folder, { recursive: true });
  });
  return far;
}

describe('ports in another process', () => {
  test('are in another process', async () => {
    expect((await (await aProcess()).place()).pid).not.toBe(process.pid);
  });

  test('carry the values that the ports do: positions, maps, undefined, functions of collections', async () => {
    const { log, documents, contents } = await aProcess();
    const stream = aStream();
    const request = { key: freshName(), fingerprint: 'f', answer: '{}' };
    const { position } = await append(log, stream, ['海尔 \ud83d'], 'noStream', { request });
    expect(labels(await log.readStream(stream))).toEqual(['海尔 \ud83d']);
    expect(await log.findRequest(request.key)).toEqual({ ...request, position });
    expect(await log.findRequest('nobody')).toBeUndefined();
    const collection = screens();
    const puts = [
      stored('a', 2n ** 50n, { room: 'hall', owner: undefined }),
      stored('b', 1, { room: 'hall', rank: 3 }),
    ];
    await documents.write(collection, { puts, deletes: [deleted('c', 1)] });
    expect([...(await documents.findByKeys(collection, 'room', ['hall'], { each: 5, total: 10_000 })).keys()]).toEqual([
      'hall',
    ]);
    expect((await documents.getMany(collection, ['a', 'b'])).get('a')?.position).toBe(2n ** 50n);
    await contents.put('id', 'text');
    expect(await contents.get('id')).toBe('text');
  });

  test('fail with the errors of the ports', async () => {
    const { documents } = await aProcess();
    const lost = documents.moveCheckpoint({ name: freshName(), from: at(3), to: at(4), log: LOG });
    expect(await failureOf(lost)).toBeInstanceOf(CheckpointLost);
    const noIndex = documents.find(screens(), { index: 'nobody', key: 'a', limit: 1 });
    expect((await failureOf(noIndex)).message).toContain('has no index nobody');
  });

  test('subscribe at the pace of the reader, and end when aborted', async () => {
    const { log } = await aProcess();
    const run = freshName();
    const filter = { prefixes: [`registration-${run}`] };
    const hold = gate();
    const reader = read(log, START, filter, () => hold.opened);
    await append(log, aStream(run, '-1'), ['1']);
    await eventually(() => expect(reader.caughtUp()).toBe(true));
    const seen = reader.events.length;
    await append(log, aStream(run, '-2'), ['2']);
    expect(reader.events).toHaveLength(seen);
    hold.open();
    await eventually(() => expect(labels(reader.events)).toEqual(['1', '2']));
    await reader.stop();
    for await (const { events } of log.subscribe(START, filter, new AbortController().signal))
      if (events.length > 0) break;
  });

  test('hand jobs to handlers here, and receive their results', async () => {
    const { jobs } = await aProcess();
    const queue = aQueue();
    const outcomes = [new RetryJob('again', 1), new PauseQueue('not now', 1), 'a text', new DeadJob('no use')];
    const told: unknown[] = [];
    const worker = work(
      jobs,
      queue,
      () => {
        throw outcomes[worker.runs.length - 1];
      },
      { onError: (error) => told.push(error) },
    );
    await jobs.add([aJob(queue)]);
    await eventually(async () => expect(await jobs.deadLetters(queue, 5)).toMatchObject([{ reason: 'no use' }]));
    expect(told).toEqual(outcomes);
    expect(worker.runs.map(({ attempt }) => attempt)).toEqual([1, 2, 2, 3]);
  });

  test('tell a handler when its consumer closes', async () => {
    const { jobs } = await aProcess();
    const queue = aQueue();
    const worker = work(
      jobs,
      queue,
      (_job, signal) => new Promise((resolve) => signal.addEventListener('abort', () => resolve())),
    );
    await jobs.add([aJob(queue)]);
    await eventually(() => expect(worker.runs).toHaveLength(1));
    await worker.close(0);
    expect(await jobs.counts(queue)).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });

  test('that are killed reject open calls, and are there again for the next one', async () => {
    const far = await aProcess();
    const stream = aStream();
    await append(far.log, stream, ['answered']);
    const { pid } = await far.place();
    const waiting = range(3).map((n) => failureOf(far.documents.reached(`p${n}`, at(1), 60_000)));
    const reader = read(far.log, START, { prefixes: ['registration-'] });
    await eventually(() => expect(reader.caughtUp()).toBe(true));
    await far.kill();
    for (const error of await Promise.all(waiting)) expect(error.message).toBe('the other side has ended');
    await eventually(() => expect(reader.failure()).toBeDefined());
    expect(labels(await far.log.readStream(stream))).toEqual(['answered']);
    expect((await far.place()).pid).not.toBe(pid);
  });
});
