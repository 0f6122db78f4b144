/**
 * The leases and their holders. Tokens are in the file, so that they go on growing after a restart. Holders are in
 * memory only: one process holds the file, so after a restart every earlier holder is gone.
 */
import type { DatabaseSync } from 'node:sqlite';
import { assertNever } from '../../../domain/decider.ts';
import { type AcquireReply, LEASE_MS, type LeaseOp } from '../protocol.ts';

interface Held {
  readonly holder: string;
  readonly token: number;
  /** Time at which the lease expires, by the monotonic clock. */
  readonly until: number;
}

export interface LeaseWriter {
  apply(op: LeaseOp): AcquireReply | boolean;
  /** To be called after a commit: the leases given in the transaction stay. */
  committed(): void;
  /** To be called after a rollback: the leases given in the transaction are as they were before. */
  rolledBack(): void;
}

/** @param now the monotonic clock, in ms */
export function leaseWriter(db: DatabaseSync, now: () => number = () => performance.now()): LeaseWriter {
  const nextToken = db.prepare(
    `INSERT INTO leases (name, token) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET token = token + 1 RETURNING token`,
  );
  const held = new Map<string, Held>();
  /** The holders that the current transaction has replaced. */
  let before: [name: string, held: Held | undefined][] = [];

  const acquire = (name: string, holder: string): AcquireReply => {
    const current = held.get(name);
    const left = current === undefined ? 0 : current.until - now();
    if (current !== undefined && left > 0 && current.holder !== holder) return { type: 'held', leftMs: left };
    // A holder that asks again has not received the first answer, so it gets the same token.
    const token = current?.holder === holder ? current.token : Number(nextToken.get(name)?.token);
    before.push([name, current]);
    held.set(name, { holder, token, until: now() + LEASE_MS });
    return { type: 'acquired', token };
  };

  /** Renews also a lease that has expired, as long as no other holder has taken it. */
  const renew = (name: string, token: number): boolean => {
    const current = held.get(name);
    if (current?.token !== token) return false;
    held.set(name, { ...current, until: now() + LEASE_MS });
    return true;
  };

  const release = (name: string, token: number): boolean => {
    if (held.get(name)?.token !== token) return false;
    return held.delete(name);
  };

  return {
    apply(op) {
      switch (op.kind) {
        case 'acquireLease':
          return acquire(op.name, op.holder);
        case 'renewLease':
          return renew(op.name, op.token);
        case 'releaseLease':
          return release(op.name, op.token);
        default:
          return assertNever(op);
      }
    },
    committed() {
      before = [];
    },
    rolledBack() {
      for (const [name, earlier] of before.reverse()) {
        if (earlier === undefined) held.delete(name);
        else held.set(name, earlier);
      }
      before = [];
    },
  };
}
