/** What the contract suites share. They may run against servers that others use too, so every name carries a run's own prefix. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, vi } from 'vitest';

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
