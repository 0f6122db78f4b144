import { DatabaseSync } from 'node:sqlite';
import { describe, expect, test } from 'vitest';
import type { AddedJob, Op, TakeReply } from '../../../../src/backends/embedded/protocol.ts';
import { openWriter } from '../../../../src/backends/embedded/schema.ts';
import { range } from '../../../contract/support.ts';
import { appendOp, appendReply, aWriter, badOp, commitsIn, putOp, replyValue, requestOf, shape } from '../support.ts';

const aJob = (id: string): AddedJob => ({ queue: 'q', id, data: '{}', delayMs: 0, attempts: 3, baseMs: 1, capMs: 1 });
const takeOp = (limit: number): Op => ({ kind: 'takeJobs', taker: 't', wants: [{ queue: 'q', limit }] });

/** How many rows another connection sees. */
function rows(file: string, table: string): number {
  const db = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(db.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n);
  } finally {
    db.close();
  }
}

describe('group commit', () => {
  test('operations that are applied together are one transaction, visible to others once answered', async () => {
    const { file, writer } = await aWriter();
    const before = commitsIn(file);
    const { replies } = writer.apply([...range(100).map((n) => appendOp(`s${n}`)), putOp('d')]);
    expect(commitsIn(file) - before).toBe(1);
    expect(rows(file, 'events')).toBe(100);
    expect(replies.slice(0, 100).map((reply) => appendReply(reply))).toEqual(
      range(100).map((n) => ({ type: 'appended', revision: 0, position: n + 1 })),
    );
  });

  test('is a transaction for each call, and none for reads', async () => {
    const { file, writer } = await aWriter();
    const before = commitsIn(file);
    for (const n of range(5)) writer.apply([appendOp(`s${n}`)]);
    expect(commitsIn(file) - before).toBe(5);
    writer.apply([takeOp(1), { kind: 'countJobs', queue: 'q' }]);
    expect(commitsIn(file) - before).toBe(5);
  });

  test('is durable: every commit is synced', async () => {
    const { file } = await aWriter();
    const db = openWriter(file);
    try {
      expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 });
      expect(db.prepare('PRAGMA journal_mode').get()).toEqual({ journal_mode: 'wal' });
    } finally {
      db.close();
    }
  });
});

const move = (from: number, to: number) => ({ name: '', from, to, log: 'log', fence: undefined });

describe('a bad operation', () => {
  test('fails alone: the others of its batch take effect', async () => {
    const { file, writer } = await aWriter();
    const { replies, notice } = writer.apply([appendOp('a'), badOp, appendOp('b'), putOp('d')]);
    expect(replies.map(({ ok }) => ok)).toEqual([true, false, true, true]);
    expect([replies[0], replies[2]].map((reply) => appendReply(reply))).toEqual([
      { type: 'appended', revision: 0, position: 1 },
      { type: 'appended', revision: 0, position: 2 },
    ]);
    expect(rows(file, 'events')).toBe(2);
    expect(notice?.head).toBe(2);
  });

  test('leaves no gap in the positions, and no trace in the notices', async () => {
    const { writer } = await aWriter();
    const lost: Op = putOp('x', { checkpoint: move(7, 8) });
    const moved: Op = putOp('y', { checkpoint: move(0, 3) });
    const { replies, notice } = writer.apply([appendOp('a'), lost, moved, appendOp('b')]);
    expect(replies[1]).toMatchObject({ ok: false, error: { name: 'CheckpointLost' } });
    expect(notice).toMatchObject({ head: 2, checkpoints: [[shape.name, 3]] });
    expect(appendReply(writer.apply([appendOp('c')]).replies[0])).toMatchObject({ position: 3 });
  });

  test('does not take back the notices of those before it', async () => {
    const { writer } = await aWriter();
    writer.apply([putOp('before'), { kind: 'watchCollection', name: shape.name }]);
    const moved: Op = putOp('a', { checkpoint: move(0, 3) });
    const jobs: Op = { kind: 'addJobs', jobs: [aJob('j1')] };
    const { notice } = writer.apply([moved, jobs, badOp, appendOp('b')]);
    expect(notice).toMatchObject({ head: 1, checkpoints: [[shape.name, 3]], queues: ['q'] });
    expect(notice?.changes.map(({ id }) => id)).toEqual(['a']);
  });

  test('an append that the file refuses undoes all of it, its content and its request included', async () => {
    const { file, writer } = await aWriter();
    const unusable = { ...appendOp('a'), events: [...appendOp('a').events, { id: 'x' }] } as unknown as Op;
    const op = { ...unusable, content: { id: 'm', text: '{}' }, request: requestOf('k') } as Op;
    expect(writer.apply([op, appendOp('b')]).replies.map(({ ok }) => ok)).toEqual([false, true]);
    expect(['events', 'contents', 'requests'].map((table) => rows(file, table))).toEqual([1, 0, 0]);
  });

  test('jobs taken in its batch are handed out all the same, once', async () => {
    const { writer } = await aWriter();
    writer.apply([{ kind: 'addJobs', jobs: [aJob('j1'), aJob('j2')] }]);
    const take = takeOp(10);
    const { replies } = writer.apply([take, badOp, take, appendOp('a')]);
    const taken = [replies[0], replies[2]].map((reply) => replyValue<TakeReply>(reply).jobs.map(({ id }) => id));
    expect(taken).toEqual([['j1', 'j2'], []]);
    expect(replyValue(writer.apply([{ kind: 'countJobs', queue: 'q' }]).replies[0])).toMatchObject({ active: 2 });
  });
});

describe('a notice', () => {
  test('tells nothing when nothing became visible', async () => {
    const { writer } = await aWriter();
    writer.apply([appendOp('a')]);
    expect(writer.apply([appendOp('a', { expected: 5 })]).notice).toBeUndefined();
    expect(writer.apply([{ kind: 'countJobs', queue: 'q' }]).notice).toBeUndefined();
  });

  test('announces changed documents once the collection is watched', async () => {
    const { writer } = await aWriter();
    expect(writer.apply([putOp('a')]).notice?.changes).toEqual([]);
    writer.apply([{ kind: 'watchCollection', name: shape.name }]);
    expect(
      writer.apply([putOp('b', { deletes: [{ id: 'a', position: 2 }] })]).notice?.changes.map(({ id }) => id),
    ).toEqual(['b', 'a']);
  });
});

describe('remembered requests', () => {
  const HOUR_MS = 3_600_000;
  const again = (key: string, stream: string): Op => appendOp(stream, { request: requestOf(key) });

  test('are kept for 26 hours and forgotten after', async () => {
    const { writer } = await aWriter();
    const at = Date.now();
    writer.apply([again('k', 'a')]);
    writer.forgetOldRequests(at + 26 * HOUR_MS - 1);
    expect(appendReply(writer.apply([again('k', 'b')]).replies[0]).type).toBe('duplicateRequest');
    writer.forgetOldRequests(Date.now() + 26 * HOUR_MS + 1);
    expect(appendReply(writer.apply([again('k', 'b')]).replies[0]).type).toBe('appended');
  });

  test('newer ones stay when old ones go', async () => {
    const { file, writer } = await aWriter();
    writer.apply([again('old', 'a'), again('new', 'b')]);
    const db = new DatabaseSync(file);
    db.prepare("UPDATE requests SET at = at - ? WHERE key = 'old'").run(30 * HOUR_MS);
    db.close();
    writer.forgetOldRequests(Date.now());
    expect(appendReply(writer.apply([again('new', 'c')]).replies[0]).type).toBe('duplicateRequest');
    expect(appendReply(writer.apply([again('old', 'd')]).replies[0]).type).toBe('appended');
  });

  test('are removed in bounded steps, and each says whether more remain', async () => {
    const { file, writer } = await aWriter();
    writer.apply(range(4500).map((n) => again(`k${n}`, `s${n}`)));
    const later = Date.now() + 27 * HOUR_MS;
    const left: [boolean, number][] = range(3).map(() => [writer.forgetOldRequests(later), rows(file, 'requests')]);
    expect(left).toEqual([
      [true, 2500],
      [true, 500],
      [false, 0],
    ]);
  });
});
