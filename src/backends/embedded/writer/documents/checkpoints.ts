/** The checkpoints of copies, and of process managers, which have no collection. */
import type { DatabaseSync } from 'node:sqlite';
import { CheckpointLost, CheckpointOfAnotherLog } from '../../../../ports/errors.ts';
import type { CheckpointRow } from '../../protocol.ts';
import { checkpointOf } from '../../schema.ts';

export interface Standing {
  readonly position: number;
  readonly log: string | null;
}

export interface CheckpointTable {
  /** @throws CheckpointLost, CheckpointOfAnotherLog */
  move(name: string, move: Omit<CheckpointRow, 'name'>): void;
  standing(name: string): Standing;
  remove(name: string): void;
  /** All checkpoints. That of a serving copy has the name of its collection. */
  all(): [name: string, position: number][];
}

export function checkpointTable(db: DatabaseSync): CheckpointTable {
  const read = db.prepare('SELECT position, log, fence FROM checkpoints WHERE name = ?');
  const readAll = db.prepare(
    `SELECT coalesce(c.name, k.name) AS name, k.position FROM checkpoints k
     LEFT JOIN collections c ON k.name = ${checkpointOf('c.name', 'c.serving')}`,
  );
  const set = db.prepare(
    `INSERT INTO checkpoints (name, position, log, fence) VALUES (?, ?, ?, ?)
     ON CONFLICT (name) DO UPDATE SET position = excluded.position, log = excluded.log, fence = excluded.fence`,
  );
  const remove = db.prepare('DELETE FROM checkpoints WHERE name = ?');

  return {
    move(name, { from, to, log, fence }) {
      const current = read.get(name);
      const position = Number(current?.position ?? 0);
      const newest = Number(current?.fence ?? 0);
      if (current !== undefined && current.log !== log)
        throw new CheckpointOfAnotherLog(`checkpoint ${name} counts positions of log ${current.log}, not of ${log}`);
      if (fence !== undefined && fence < newest)
        throw new CheckpointLost(`checkpoint ${name} was moved under lease ${newest}, which is newer than ${fence}`);
      if (position !== from) throw new CheckpointLost(`checkpoint ${name} stands at ${position}, not at ${from}`);
      set.run(name, to, log, fence ?? newest);
    },
    standing(name) {
      const row = read.get(name);
      return { position: Number(row?.position ?? 0), log: row === undefined ? null : String(row.log) };
    },
    remove: (name) => void remove.run(name),
    all: () => readAll.all().map(({ name, position }) => [String(name), Number(position)]),
  };
}
