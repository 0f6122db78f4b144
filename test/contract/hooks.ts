/**
 * Facilities of a backend, beside its port, that a suite can use. `P` is the port. A hook that a backend can't offer is
 * absent, and the tests that need it are skipped.
 */
import { threadId } from 'node:worker_threads';
import { expect, onTestFinished, type TestContext, test } from 'vitest';
import type { Place } from './elsewhere/wire.ts';
import { shared } from './support.ts';

export interface Hooks<P> {
  /**
   * The same store from elsewhere (`elsewhere/ports.ts`): from another process where the store lets several in, from
   * another thread where it does not. A second connection of the same thread won't do: it shares modules, maps and locks.
   */
  readonly other?: P;
  /** Where `other` lives, asked there. */
  otherPlace?(): Promise<Place>;
  /** Kills `other` in the midst of its work; the next call through it starts it anew. */
  killOther?(): Promise<void>;
  /**
   * Closes, also in the midst of work, and opens again on the same data; `other` too, with freshly loaded modules. Absent for a backend whose data does not outlive it.
   */
  reopen?(): Promise<P>;
  /** A connection of its own, through which the store can be made to fail. */
  faulty?(): Promise<Faulty<P>>;
  /** Closes the connection that is open now, after a `reopen` too. */
  close(): Promise<void>;
}

export interface Faulty<P> {
  readonly port: P;
  /** ms within which its calls end: `CALL_WITHIN_MS` (`ports/errors.ts`), unless it was opened with less patience. */
  readonly withinMs: number;
  /** From now on nothing that is sent through it is answered or refused. Whether others are answered is not said. */
  freeze(): Promise<void>;
  /** It is answered again. Calls sent meanwhile may take effect now, or never. */
  heal(): Promise<void>;
  /** Breaks the connection, for good or until the backend reconnects. */
  sever(): Promise<void>;
  /** Closes the port, as a service does that ends. */
  close(): Promise<void>;
}

/** Part of every suite: the hook keeps its promise. */
export function otherContract<P>(open: () => Promise<Hooks<P>>): void {
  const backend = shared(open);

  test('the other connection lives in another thread or process', async (context) => {
    const { otherPlace } = backend();
    if (otherPlace === undefined) return context.skip();
    expect(await otherPlace()).not.toEqual({ pid: process.pid, threadId } satisfies Place);
  });
}

/** A faulty connection that is healed and closed with its test, which is skipped where there is none. */
export async function faultyOr<P>({ skip }: TestContext, { faulty }: Hooks<P>): Promise<Faulty<P>> {
  if (faulty === undefined) return skip();
  const connection = await faulty();
  onTestFinished(async () => {
    await connection.heal();
    await connection.close();
  });
  return connection;
}
