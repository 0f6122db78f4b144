/** Several threads on one file, and how they end when the writer dies. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import { describe, expect, onTestFinished, test } from 'vitest';
import { attachEmbedded, openEmbedded } from '../../../../src/backends/embedded/index.ts';
import { positionOf, START } from '../../../../src/domain/position.ts';
import { StoreUnavailable } from '../../../../src/ports/errors.ts';
import { devices } from '../../../../src/ports/read-models/devices.ts';
import { append, aStream, labels } from '../../../contract/event-log/samples.ts';
import { eventually, freshName, gate, range } from '../../../contract/support.ts';
import { codec, openTestBackend, testContentKey } from '../../../support/embedded.ts';
import { aFolder, commitsIn, keepLog } from '../support.ts';
import type { AttachedStart, FromAttached, ToAttached } from './attached-thread.ts';

async function open() {
  const test = await openTestBackend();
  const file = join(test.folder, 'ums.sqlite');
  return { ...test, file, store: { file, contentKey: testContentKey } };
}

async function opened() {
  const rig = await open();
  onTestFinished(rig.close);
  return rig;
}

describe('group commit', () => {
  test('appends that come together share a commit, those that come one by one do not', async () => {
    const { backend, file } = await opened();
    keepLog(file);
    const before = commitsIn(file);
    const run = freshName();
    await Promise.all(range(200).map((n) => append(backend.log, aStream(run, `-${n}`), ['event'])));
    const together = commitsIn(file) - before;
    expect(together).toBeGreaterThan(0);
    expect(together).toBeLessThanOrEqual(4);
    for (const n of range(5)) await append(backend.log, aStream(run, `-alone-${n}`), ['event']);
    expect(commitsIn(file) - before - together).toBe(5);
  });
});

describe('another thread', () => {
  test('sees the commits of the main thread, and the main thread sees its own', async () => {
    const { backend, store } = await opened();
    const run = freshName();
    const port = backend.connect('foreground');
    const worker = new Worker(new URL('./attached-thread.ts', import.meta.url), {
      workerData: { port, store, run } satisfies AttachedStart,
      transferList: [port],
    });
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const say = (message: ToAttached): void => worker.postMessage(message);
    const seen: FromAttached[] = [];
    worker.on('message', (message: FromAttached) => seen.push(message));

    await append(backend.log, aStream(run, '-1'), ['from main']);
    await eventually(() => expect(seen).toEqual([{ seen: 'from main' }]));
    const mine = new AbortController();
    onTestFinished(() => mine.abort());
    say({ append: 'from the thread' });
    const heard: unknown[] = [];
    for await (const { events } of backend.log.subscribe(START, { prefixes: [`registration-${run}`] }, mine.signal)) {
      heard.push(...labels(events));
      if (heard.length === 2) break;
    }
    expect(heard).toEqual(['from main', 'from the thread']);
    await eventually(() => expect(seen).toHaveLength(2));
    say({ stop: true });
    expect(await ended).toBe(0);
    await append(backend.log, aStream(run, '-2'), ['after it left']);
  });
});

test('a connection that begins while others write misses nothing of it', async () => {
  const { backend, store } = await opened();
  const move = (position: number) => ({
    name: 'p',
    from: positionOf(position),
    to: positionOf(position + 1),
    log: 'log',
  });
  for (const n of range(20)) {
    const run = freshName();
    const second = attachEmbedded(backend.connect('foreground'), { ...store, codec });
    const stop = new AbortController();
    expect(await second.documents.checkpoint('p')).toBeGreaterThanOrEqual(BigInt(n));
    const following = (async () => {
      for await (const batch of second.log.subscribe(START, { prefixes: [`registration-${run}`] }, stop.signal))
        if (batch.events.length > 0) return labels(batch.events);
      return [];
    })();
    await Promise.all([append(backend.log, aStream(run), ['event']), backend.documents.moveCheckpoint(move(n))]);
    expect(await following).toEqual(['event']);
    expect(await second.documents.reached('p', positionOf(n + 1), 5_000)).toBe(true);
    stop.abort();
    await second.close();
  }
});

describe('a writer that dies', () => {
  /** A backend with a second line, and a way to kill the writer with a message that it can't have been meant for. */
  async function mortal() {
    const rig = await opened();
    const second = attachEmbedded(rig.backend.connect('foreground'), { ...rig.store, codec });
    const hostile = rig.backend.connect('foreground');
    return {
      ...rig,
      second,
      kill: () => hostile.postMessage({ type: 'ops', first: 0, ops: null }),
    };
  }

  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'no failure',
      (error: unknown) => error,
    );

  test('is reported, and every waiting request is rejected on every line', async () => {
    const { backend, second, kill } = await mortal();
    kill();
    const pending = [backend, second].flatMap(({ log }) =>
      range(20).map((n) => failureOf(append(log, aStream(freshName(), `-${n}`), ['event']))),
    );
    expect((await backend.failed).message).toContain('ops');
    for (const error of await Promise.all(pending)) expect(error).toBeInstanceOf(StoreUnavailable);
    expect(await failureOf(append(backend.log, aStream(), ['event']))).toBeInstanceOf(StoreUnavailable);
    expect(await failureOf(backend.contents.put('m', '{}'))).toBeInstanceOf(StoreUnavailable);
    expect(await failureOf(second.jobs.counts('q'))).toBeInstanceOf(StoreUnavailable);
    await second.close();
  });

  test('ends everything that waits for news: subscriptions with an error, waits for a position with false', async () => {
    const { backend, second, kill } = await mortal();
    const caughtUp = gate();
    const following = failureOf(
      (async () => {
        for await (const batch of backend.log.subscribe(
          START,
          { prefixes: ['message-'] },
          new AbortController().signal,
        ))
          if (batch.caughtUp) caughtUp.open();
      })(),
    );
    const reached = [backend, second].map(({ documents }) => documents.reached('p', 5n as typeof START, 60_000));
    await caughtUp.opened;
    kill();
    expect(await following).toEqual(new StoreUnavailable('the event log was closed'));
    expect(await Promise.all(reached)).toEqual([false, false]);
    await second.close();
  });

  test('neither keeps the backend from closing nor loses an answered write', async () => {
    const rig = await mortal();
    const stream = aStream();
    await append(rig.backend.log, stream, ['answered']);
    rig.kill();
    await rig.backend.failed;
    await rig.second.close();
    await rig.backend.close();
    const again = await openEmbedded({ ...rig.store, codec });
    onTestFinished(() => again.close());
    expect(labels(await again.log.readStream(stream))).toEqual(['answered']);
  });

  test('a backend that is closed has not failed', async () => {
    const { backend, close } = await open();
    let told: Error | undefined;
    void backend.failed.then((error) => {
      told = error;
    });
    await close();
    await new Promise((resolve) => setImmediate(resolve));
    expect(told).toBeUndefined();
    expect(await failureOf(append(backend.log, aStream(), ['late']))).toBeInstanceOf(StoreUnavailable);
  });
});

describe('a file that is not to be opened', () => {
  test('because its contents were written with another key is left as it is', async () => {
    const { backend, store, close } = await open();
    onTestFinished(close);
    await backend.contents.put('m', '{"text":"hello"}');
    await backend.close();
    const otherKey = { ...store, codec, contentKey: new Uint8Array(32).fill(8) };
    await expect(openEmbedded(otherKey)).rejects.toMatchObject({ name: 'WrongContentKey' });
    const again = await openEmbedded({ ...store, codec });
    expect(await again.contents.get('m')).toBe('{"text":"hello"}');
    await again.close();
  });

  test('because its folder is not there', async () => {
    const file = join(await aFolder(), 'missing', 'ums.sqlite');
    await expect(openEmbedded({ file, contentKey: testContentKey, codec })).rejects.toMatchObject({
      name: 'FileUnusable',
      message: expect.stringContaining('unable to open'),
    });
  });

  test('because it is something else', async () => {
    const file = join(await aFolder(), 'ums.sqlite');
    writeFileSync(file, 'This is not a database. '.repeat(100));
    await expect(openEmbedded({ file, contentKey: testContentKey, codec })).rejects.toMatchObject({
      name: 'FileUnusable',
      message: expect.stringContaining('not a database'),
    });
  });

  test('because a newer release has written it', async () => {
    const file = join(await aFolder(), 'ums.sqlite');
    const db = new DatabaseSync(file);
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openEmbedded({ file, contentKey: testContentKey, codec })).rejects.toMatchObject({
      name: 'NewerFile',
      message: expect.stringContaining('newer release'),
    });
  });
});

test('content at rest can not be read without the key', async () => {
  const { backend, folder } = await opened();
  const secret = 'the-recipe-of-the-house';
  await append(backend.log, aStream(), ['a-label-in-plain-text'], 'noStream', {
    content: { id: 'm1', text: JSON.stringify({ secret }) },
  });
  await backend.contents.put('m2', JSON.stringify({ secret }));
  const bytes = Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  expect(bytes.includes('a-label-in-plain-text')).toBe(true);
  for (const encoding of ['utf8', 'utf16le', 'base64', 'hex'] as const) {
    const needle = encoding === 'utf16le' ? Buffer.from(secret, encoding) : Buffer.from(secret).toString(encoding);
    expect(bytes.includes(needle), encoding).toBe(false);
  }
  expect(await backend.contents.get('m2')).toBe(JSON.stringify({ secret }));
});

test('many connections at once open a collection for the first time', async () => {
  const { backend } = await opened();
  const found = await Promise.all(range(20).map((n) => backend.documents.get(devices, `d${n}`)));
  expect(found).toEqual(range(20).map(() => undefined));
});
