/** Helpers of the contract suites. Servers may be shared, so every name carries a prefix of this run. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { StoreUnavailable } from '../../src/ports/errors.ts';

/** How long a state that must come about is waited for, in ms. */
export const PATIENCE_MS = 10_000;

/** Lowercase letters and digits, fit for a part of every kind of name; never seen before. */
export function freshName(): string {
  return `t${randomBytes(6).toString('hex')}`;
}

/** Waits until an assertion holds. */
export function eventually<T>(assertion: () => T | Promise<T>, timeout = PATIENCE_MS): Promise<T> {
  return vi.waitFor(assertion, { timeout, interval: 10 });
}

/** One backend for all tests of a `describe`, closed after them. */
export function shared<B extends { close(): Promise<void> }>(open: () => Promise<B>): () => B {
  let backend: B | undefined;
  beforeAll(async () => {
    backend = await open();
  });
  afterAll(async () => {
    await backend?.close();
  });
  return () => {
    if (backend === undefined) throw new Error('the backend is not open');
    return backend;
  };
}

/** The error that a promise is rejected with. */
export async function failureOf(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => {
      throw new Error('did not fail');
    },
    (error: Error) => error,
  );
}

/** How much a busy machine may exceed a bound in time, in ms. */
const BUSY_MS = 2_000;

/** Fails unless it has ended by then, fulfilled or rejected. @returns how it ended */
export async function endsWithin<T>(ms: number, work: Promise<T>): Promise<PromiseSettledResult<T>> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`has not ended within ${ms} ms`)), ms + BUSY_MS);
  });
  const [ended] = await Promise.race([Promise.allSettled([work]), late]).finally(() => clearTimeout(timer));
  return ended;
}

/** The calls end in time, each with its result or as StoreUnavailable; those named `unanswered` with the latter. */
export async function expectBounded(
  ms: number,
  calls: Readonly<Record<string, Promise<unknown>>>,
  unanswered: readonly string[] = [],
): Promise<void> {
  const ended = await Promise.all(
    Object.entries(calls).map(async ([name, call]) => [name, await endsWithin(ms, call)] as const),
  );
  for (const [name, result] of ended) {
    if (result.status === 'rejected') expect([name, result.reason]).toEqual([name, expect.any(StoreUnavailable)]);
    else expect(unanswered).not.toContain(name);
  }
}

/** A promise with its handles, for tests that hold something up. */
export interface Gate {
  readonly opened: Promise<void>;
  open(): void;
}

export function gate(): Gate {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { opened: promise, open: () => resolve() };
}

export function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}
