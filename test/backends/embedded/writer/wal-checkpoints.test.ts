/** The thread that copies from the write-ahead log into the file. */
import { copyFileSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { startWalCheckpoints, type WalCheckpoints } from '../../../../src/backends/embedded/writer/wal-checkpoints.ts';
import type { Writer } from '../../../../src/backends/embedded/writer/writer.ts';
import { range } from '../../../contract/support.ts';
import { until } from '../../../support/until.ts';
import { appendOp, aWriter, commitsIn, keepLog } from '../support.ts';

const EVENTS = 2000;

async function started() {
  const { file, writer } = await aWriter();
  const checkpoints = startWalCheckpoints(file);
  onTestFinished(() => checkpoints.stop());
  return { file, writer, checkpoints };
}

function write(writer: Writer, checkpoints: WalCheckpoints, run: string, events = EVENTS): void {
  writer.apply(range(events).map((n) => appendOp(`${run}-${n}`)));
  checkpoints.committed();
}

/** The contents of the file without its write-ahead log; unusable while there are no tables, or in the midst of a pass. */
function eventsWithoutLog(file: string): number | undefined {
  const copy = `${file}.copy`;
  copyFileSync(file, copy);
  const db = new DatabaseSync(copy, { readOnly: true });
  try {
    return Number(db.prepare('SELECT count(*) AS n FROM events').get()?.n);
  } catch {
    return undefined;
  } finally {
    db.close();
  }
}

describe('checkpoints', () => {
  test('commits get into the file while the writer does something else', async () => {
    const { file, writer, checkpoints } = await started();
    write(writer, checkpoints, 'a');
    await until('all of it is in the file', () => eventsWithoutLog(file) === EVENTS);
    write(writer, checkpoints, 'b');
    await until('what came later, too', () => eventsWithoutLog(file) === 2 * EVENTS);
  });

  test('once little is left it is the writer’s turn, then the log begins anew and does not grow', async () => {
    const { file, writer, checkpoints } = await started();
    write(writer, checkpoints, 'a');
    await until('the writer’s turn', () => checkpoints.isMyTurn());
    expect(checkpoints.isMyTurn()).toBe(false);
    const size = statSync(`${file}-wal`).size;
    // Meanwhile something came that is in the log only.
    writer.apply([appendOp('late')]);
    writer.copyFromWal();
    expect(eventsWithoutLog(file)).toBe(EVENTS + 1);
    write(writer, checkpoints, 'b', 10);
    expect(commitsIn(file)).toBe(1);
    expect(statSync(`${file}-wal`).size).toBe(size);
  });

  test('a reader that needs the log keeps it, and no writer waits for the reader', async () => {
    const { file, writer, checkpoints } = await started();
    write(writer, checkpoints, 'a', 10);
    const release = keepLog(file);
    write(writer, checkpoints, 'b');
    // As often as it likes.
    for (const _ of range(3)) writer.copyFromWal();
    write(writer, checkpoints, 'c', 10);
    expect(commitsIn(file)).toBeGreaterThan(2);
    release();
    write(writer, checkpoints, 'd', 10);
    await until('all of it is in the file', () => eventsWithoutLog(file) === EVENTS + 30);
  });

  test('the end comes also in the midst of writes, and nothing is copied after it', async () => {
    const { writer, checkpoints } = await started();
    write(writer, checkpoints, 'a');
    await checkpoints.stop();
    write(writer, checkpoints, 'b', 10);
    expect(checkpoints.isMyTurn()).toBe(false);
  });
});
