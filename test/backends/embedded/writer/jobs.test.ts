/** Which jobs are rows, in which order they come, and what they cost. */
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { AddedJob, JobOp, TakeReply } from '../../../../src/backends/embedded/protocol.ts';
import { openWriter } from '../../../../src/backends/embedded/schema.ts';
import { jobWriter } from '../../../../src/backends/embedded/writer/jobs.ts';
import type { QueueCounts } from '../../../../src/ports/jobs.ts';
import { range } from '../../../contract/support.ts';
import { aFolder, aWriter, commitsIn, replyValue } from '../support.ts';

const HOUR_MS = 3_600_000;
const aJob = (id: string, delayMs = 0): AddedJob => ({
  queue: 'q',
  id,
  data: '{}',
  delayMs,
  attempts: 3,
  baseMs: 1,
  capMs: 1,
});
const take = (limit: number): JobOp => ({ kind: 'takeJobs', taker: 't', wants: [{ queue: 'q', limit }] });
const job = <K extends JobOp['kind']>(kind: K, id: string) => ({ kind, queue: 'q', id });

/** The job table on a file, with a clock to be set by hand. */
async function open(jobsInMemory: number, file?: string) {
  const path = file ?? `${await aFolder()}/ums.sqlite`;
  const db = openWriter(path);
  onTestFinished(() => {
    if (db.isOpen) db.close();
  });
  const clock = { at: 1_000_000 };
  const start = () => jobWriter(db, { jobsInMemory }, () => clock.at);
  let writer = start();
  const apply = <T = unknown>(op: JobOp): T => {
    const result = writer.apply(op) as T;
    writer.committed();
    return result;
  };
  return {
    path,
    clock,
    apply,
    needsTransaction: (op: JobOp) => writer.needsTransaction(op),
    taken: (limit: number) => apply<TakeReply>(take(limit)).jobs.map(({ id }) => id),
    nextInMs: () => apply<TakeReply>(take(1)).nextInMs,
    counts: () => apply<QueueCounts>({ kind: 'countJobs', queue: 'q' }),
    rows: () => Number(db.prepare('SELECT count(*) AS n FROM jobs').get()?.n),
    release: () => writer.release(new Set(['t'])),
    /** As a new process finds the file. */
    restart(kept: boolean) {
      if (kept) writer.keepAll();
      writer = start();
    },
  };
}

describe('a job whose first run succeeds', () => {
  test('costs no transaction', async () => {
    const { file, writer } = await aWriter();
    const before = commitsIn(file);
    writer.apply([{ kind: 'addJobs', jobs: range(100).map((n) => aJob(`j${n}`)) }]);
    const { jobs } = replyValue<TakeReply>(writer.apply([take(200)]).replies[0]);
    writer.apply(jobs.map(({ id }) => job('finishJob', id)));
    expect(jobs).toHaveLength(100);
    expect(commitsIn(file)).toBe(before);
    const { replies } = writer.apply([{ kind: 'countJobs', queue: 'q' }]);
    expect(replyValue(replies[0])).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
  });

  test('is no row; one that fails is, and one that dies', async () => {
    const rig = await open(10);
    rig.apply({ kind: 'addJobs', jobs: ['a', 'b', 'c'].map((id) => aJob(id)) });
    expect([rig.taken(3), rig.rows()]).toEqual([['a', 'b', 'c'], 0]);
    rig.apply(job('finishJob', 'a'));
    rig.apply({ ...job('retryJob', 'b'), delayMs: 5 });
    rig.apply({ ...job('buryJob', 'c'), reason: 'no use', diedAt: 1 });
    expect(rig.rows()).toBe(2);
    expect(rig.counts()).toEqual({ waiting: 0, delayed: 1, active: 0, dead: 1 });
    rig.clock.at += 5;
    expect(rig.apply<TakeReply>(take(5)).jobs).toMatchObject([{ id: 'b', failures: 1 }]);
    rig.apply(job('finishJob', 'b'));
    expect(rig.rows()).toBe(1);
  });
});

describe('memory', () => {
  test('is bounded: what it has no room for becomes rows, and all come in their order', async () => {
    const rig = await open(10);
    for (const n of range(30)) {
      rig.apply({ kind: 'addJobs', jobs: [aJob(`j${n}`)] });
      rig.clock.at += n % 3;
    }
    expect(rig.rows()).toBe(20);
    expect(rig.counts()).toMatchObject({ waiting: 30 });
    expect(rig.taken(15)).toEqual(range(15).map((n) => `j${n}`));
    for (const n of range(15)) rig.apply(job('finishJob', `j${n}`));
    expect(rig.needsTransaction({ kind: 'addJobs', jobs: [aJob('late')] })).toBe(false);
    rig.apply({ kind: 'addJobs', jobs: [aJob('late'), aJob('j20')] });
    expect(rig.taken(50)).toEqual([...range(15).map((n) => `j${n + 15}`), 'late']);
  });

  test('is kept at an orderly end, and lost when the process is killed', async () => {
    const rig = await open(10);
    rig.apply({ kind: 'addJobs', jobs: [aJob('a'), aJob('b')] });
    expect(rig.taken(1)).toEqual(['a']);
    rig.restart(true);
    expect(rig.taken(5)).toEqual(['a', 'b']);
    rig.apply({ kind: 'addJobs', jobs: [aJob('c')] });
    rig.restart(false);
    expect(rig.taken(5)).toEqual(['a', 'b']);
  });

  test('lets no job that makes way pass those that have no room', async () => {
    const rig = await open(0);
    rig.apply({ kind: 'addJobs', jobs: [aJob('a')] });
    expect(rig.taken(1)).toEqual(['a']);
    rig.apply({ kind: 'addJobs', jobs: [aJob('b')] });
    rig.apply({ ...job('releaseJob', 'a'), to: 'end' });
    expect(rig.taken(2)).toEqual(['b', 'a']);
  });

  test.each([0, 2, 100])('with room for %d jobs behaves like one list', async (jobsInMemory) => {
    const rig = await open(jobsInMemory);
    const step = fc.oneof(
      fc.record({ type: fc.constant('add' as const), n: fc.nat(12) }),
      fc.record({ type: fc.constant('take' as const), n: fc.integer({ min: 1, max: 4 }) }),
      fc.record({
        type: fc.constantFrom('finish', 'place', 'end', 'retry', 'bury', 'redrive', 'discard'),
        n: fc.nat(12),
      }),
      fc.record({ type: fc.constantFrom('wait', 'crash'), n: fc.nat(3) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const model = listOf();
        for (const { type, n } of steps) {
          const id = `j${n}`;
          rig.clock.at += type === 'wait' ? n : 0;
          model.clock = rig.clock.at;
          switch (type) {
            case 'add':
              rig.apply({ kind: 'addJobs', jobs: [aJob(id)] });
              model.add(id);
              break;
            case 'take':
              expect(rig.taken(n)).toEqual(model.take(n));
              break;
            case 'finish':
              rig.apply(job('finishJob', id));
              model.finish(id);
              break;
            case 'place':
            case 'end':
              rig.apply({ ...job('releaseJob', id), to: type });
              model.release(id, type);
              break;
            case 'retry':
              rig.apply({ ...job('retryJob', id), delayMs: 2 });
              model.retry(id, 2);
              break;
            case 'bury':
              rig.apply({ ...job('buryJob', id), reason: 'no use', diedAt: 1 });
              model.bury(id);
              break;
            case 'redrive':
              expect(rig.apply(job('redriveJob', id))).toBe(model.redrive(id));
              break;
            case 'discard':
              expect(rig.apply(job('discardJob', id))).toBe(model.discard(id));
              break;
            case 'crash':
              rig.release();
              model.releaseAll();
          }
          expect(rig.counts()).toEqual(model.counts());
        }
        // Empties the queue for the next run.
        rig.release();
        rig.clock.at += 10;
        for (const id of rig.taken(100)) rig.apply(job('finishJob', id));
        for (const n of range(13)) rig.apply(job('discardJob', `j${n}`));
        expect(rig.counts()).toEqual({ waiting: 0, delayed: 0, active: 0, dead: 0 });
        expect(rig.rows()).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe('due times', () => {
  test('are never early and do not move with the wall clock', async () => {
    const rig = await open(10);
    rig.apply({ kind: 'addJobs', jobs: [aJob('a', 7.5)] });
    expect(rig.nextInMs()).toEqual([['q', 8]]);
    rig.clock.at += 7;
    expect(rig.taken(1)).toEqual([]);
    rig.clock.at += 1;
    expect(rig.taken(1)).toEqual(['a']);
  });

  test('after a restart with a clock set back are no farther off than they were', async () => {
    const rig = await open(10);
    rig.apply({ kind: 'addJobs', jobs: [aJob('new')] });
    rig.taken(1);
    rig.apply({ ...job('retryJob', 'new'), delayMs: 500 });
    rig.clock.at -= HOUR_MS;
    rig.restart(true);
    expect(rig.nextInMs()).toEqual([['q', 500]]);
  });
});

test('a rollback forgets nothing: the job runs on and can be finished', async () => {
  const { writer } = await aWriter();
  writer.apply([{ kind: 'addJobs', jobs: [aJob('a')] }, take(1)]);
  const unusable = { ...job('retryJob', 'a'), delayMs: Number.NaN };
  expect(writer.apply([unusable]).replies[0]?.ok).toBe(false);
  const { replies } = writer.apply([{ kind: 'countJobs', queue: 'q' }]);
  expect(replyValue(replies[0])).toMatchObject({ active: 1, delayed: 0 });
  writer.apply([{ ...job('retryJob', 'a'), delayMs: 60_000 }]);
  expect(replyValue(writer.apply([{ kind: 'countJobs', queue: 'q' }]).replies[0])).toMatchObject({ delayed: 1 });
});

interface Listed {
  readonly id: string;
  runAt: number;
  seq: number;
  state: 'waiting' | 'active' | 'dead';
}

/** What the queue is to do, in the plainest way. */
function listOf() {
  const all = new Map<string, Listed>();
  let seq = 0;
  const next = (): number => {
    seq += 1;
    return seq;
  };
  const inOrder = () => [...all.values()].sort((a, b) => a.runAt - b.runAt || a.seq - b.seq);
  const activeOf = (id: string): Listed | undefined => {
    const found = all.get(id);
    return found?.state === 'active' ? found : undefined;
  };
  const isDead = (id: string): boolean => all.get(id)?.state === 'dead';
  const model = {
    clock: 0,
    add(id: string) {
      if (!all.has(id)) all.set(id, { id, runAt: model.clock, seq: next(), state: 'waiting' });
    },
    take(limit: number): string[] {
      const due = inOrder().filter(({ state, runAt }) => state === 'waiting' && runAt <= model.clock);
      for (const one of due.slice(0, limit)) one.state = 'active';
      return due.slice(0, limit).map(({ id }) => id);
    },
    finish: (id: string) => activeOf(id) !== undefined && all.delete(id),
    release(id: string, to: 'place' | 'end') {
      const found = activeOf(id);
      if (found === undefined) return;
      found.state = 'waiting';
      if (to === 'end') Object.assign(found, { runAt: model.clock, seq: next() });
    },
    retry(id: string, delayMs: number) {
      const found = activeOf(id);
      if (found !== undefined) Object.assign(found, { state: 'waiting', runAt: model.clock + delayMs });
    },
    bury(id: string) {
      const found = activeOf(id);
      if (found !== undefined) found.state = 'dead';
    },
    redrive(id: string): boolean {
      if (!isDead(id)) return false;
      Object.assign(all.get(id) ?? {}, { state: 'waiting', runAt: model.clock });
      return true;
    },
    discard: (id: string): boolean => isDead(id) && all.delete(id),
    releaseAll() {
      for (const one of all.values()) if (one.state === 'active') one.state = 'waiting';
    },
    counts(): QueueCounts {
      const states = [...all.values()];
      const waiting = states.filter(({ state }) => state === 'waiting');
      return {
        waiting: waiting.filter(({ runAt }) => runAt <= model.clock).length,
        delayed: waiting.filter(({ runAt }) => runAt > model.clock).length,
        active: states.filter(({ state }) => state === 'active').length,
        dead: states.filter(({ state }) => state === 'dead').length,
      };
    },
  };
  return model;
}
