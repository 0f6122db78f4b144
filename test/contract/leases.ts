/**
 * The contract of `Leases` (`src/ports/leases.ts`), written against the port alone. A backend enrols with
 * `leasesContract('name', open)`; `hooks.ts` lists the other members that `open` may give. Every test has names of its own.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import { type Lease, type Leases, TAKEOVER_WITHIN_MS } from '../../src/ports/leases.ts';
import { faultyOr, type Hooks, otherContract } from './hooks.ts';
import { endsWithin, eventually, failureOf, freshName, shared } from './support.ts';

export interface OpenedLeases extends Hooks<Leases> {
  readonly leases: Leases;
}

export type OpenLeases = () => Promise<OpenedLeases>;

/** A lease that the test gives back. */
async function acquire(leases: Leases, name: string): Promise<Lease> {
  const lease = await leases.acquire(name, new AbortController().signal);
  if (lease === undefined) throw new Error('no lease');
  onTestFinished(() => lease.release().catch(() => undefined));
  return lease;
}

/** Waits for a lease in the background. */
function waiter(leases: Leases, name: string) {
  const abort = new AbortController();
  let lease: Lease | undefined;
  const done = leases.acquire(name, abort.signal).then((acquired) => {
    lease = acquired;
    return acquired;
  });
  onTestFinished(async () => {
    abort.abort();
    await (await done.catch(() => undefined))?.release().catch(() => undefined);
  });
  return { done, held: () => lease !== undefined, abort: () => abort.abort() };
}

export function leasesContract(name: string, open: OpenLeases): void {
  describe(`Leases of ${name}`, () => {
    otherContract(open);
    holderContract(open);
    faultContract(open);
  });
}

function holderContract(open: OpenLeases): void {
  describe('holders', () => {
    const backend = shared(open);

    test('a free name is held at once, names apart from each other', async () => {
      const { leases, other = leases } = backend();
      const held = [await acquire(leases, freshName()), await acquire(other, freshName())];
      for (const { lost, token } of held) expect([lost.aborted, token > 0n]).toEqual([false, true]);
    });

    test('a name has one holder, here or elsewhere; the next one has it once it is given back, with a greater token', async () => {
      const { leases, other = leases } = backend();
      for (const [first, next] of [
        [leases, other],
        [other, leases],
        [leases, leases],
      ] as const) {
        const own = freshName();
        const lease = await acquire(first, own);
        const waiting = waiter(next, own);
        await sleep(300);
        expect(waiting.held()).toBe(false);
        await lease.release();
        const taken = await endsWithin(TAKEOVER_WITHIN_MS, waiting.done);
        expect(taken).toMatchObject({ status: 'fulfilled', value: { name: own } });
        expect((await waiting.done)?.token).toBeGreaterThan(lease.token);
        expect(lease.lost.aborted).toBe(true);
      }
    });

    test('a holder keeps its lease for as long as it lives', async () => {
      const { leases, other = leases } = backend();
      const own = freshName();
      const lease = await acquire(leases, own);
      const waiting = waiter(other, own);
      await sleep(TAKEOVER_WITHIN_MS + 1_000);
      expect([waiting.held(), lease.lost.aborted]).toEqual([false, false]);
    });

    test('one of many has it at a time', async () => {
      const { leases, other = leases } = backend();
      const own = freshName();
      let holders = 0;
      const tokens: bigint[] = [];
      const turn = async (here: Leases): Promise<void> => {
        const lease = await acquire(here, own);
        holders += 1;
        expect(holders).toBe(1);
        tokens.push(lease.token);
        await sleep(5);
        holders -= 1;
        await lease.release();
      };
      await Promise.all([leases, other, leases, other, leases].map(turn));
      expect(tokens).toEqual([...tokens].sort((a, b) => Number(a - b)));
      expect(new Set(tokens).size).toBe(5);
    });

    test('an aborted request for it does not wait any more', async () => {
      const { leases, other = leases } = backend();
      const own = freshName();
      const lease = await acquire(leases, own);
      const waiting = waiter(other, own);
      await sleep(50);
      waiting.abort();
      expect(await endsWithin(1_000, waiting.done)).toEqual({ status: 'fulfilled', value: undefined });
      await lease.release();
      expect(await leases.acquire(own, AbortSignal.abort())).toBeUndefined();
      await acquire(leases, own);
    });

    test('giving back again is fine, and takes nothing from the next holder', async () => {
      const { leases, other = leases } = backend();
      const own = freshName();
      const lease = await acquire(leases, own);
      await lease.release();
      const next = await acquire(other, own);
      await lease.release();
      const waiting = waiter(leases, own);
      await sleep(300);
      expect([next.lost.aborted, waiting.held()]).toEqual([false, false]);
    });

    test('a holder that is killed makes way within the time that the port says', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      const { leases, other, killOther } = own;
      if (other === undefined || killOther === undefined) return context.skip();
      const lost = freshName();
      const lease = await acquire(other, lost);
      const waiting = waiter(leases, lost);
      await killOther();
      const taken = await endsWithin(TAKEOVER_WITHIN_MS, waiting.done);
      expect(taken.status).toBe('fulfilled');
      expect((await waiting.done)?.token).toBeGreaterThan(lease.token);
    });

    test('tokens go on growing when the backend is opened again', async (context) => {
      const own = await open();
      onTestFinished(own.close);
      if (own.reopen === undefined) return context.skip();
      const lost = freshName();
      const { token } = await acquire(own.leases, lost);
      const leases = await own.reopen();
      expect((await acquire(leases, lost)).token).toBeGreaterThan(token);
    });
  });
}

function faultContract(open: OpenLeases): void {
  describe('a store that does not answer', () => {
    const backend = shared(open);

    test('ends a lease before another has it, and it stays lost', async (context) => {
      const { leases } = backend();
      const { port, freeze, heal } = await faultyOr(context, backend());
      const own = freshName();
      const lease = await acquire(port, own);
      await freeze();
      const waiting = waiter(leases, own);
      const order: string[] = [];
      lease.lost.addEventListener('abort', () => order.push('lost'));
      void waiting.done.then(() => order.push('taken'));
      expect(await endsWithin(TAKEOVER_WITHIN_MS, waiting.done)).toMatchObject({ status: 'fulfilled' });
      await eventually(() => expect(order).toEqual(['lost', 'taken']));
      await heal();
      const again = waiter(port, own);
      await sleep(300);
      expect([again.held(), (await waiting.done)?.lost.aborted]).toEqual([false, false]);
    });

    test('is waited for, and given up at once', async (context) => {
      const { port, freeze, heal } = await faultyOr(context, backend());
      const own = freshName();
      await freeze();
      const [patient, impatient] = [waiter(port, own), waiter(port, freshName())];
      await sleep(50);
      impatient.abort();
      expect(await endsWithin(100, impatient.done)).toEqual({ status: 'fulfilled', value: undefined });
      await heal();
      await eventually(() => expect(patient.held()).toBe(true));
    });

    test('loses the lease of a connection that is cut, and refuses when it is gone for good', async (context) => {
      const { leases } = backend();
      const { port, sever, close } = await faultyOr(context, backend());
      const own = freshName();
      const lease = await acquire(port, own);
      await sever();
      await eventually(() => expect(lease.lost.aborted).toBe(true));
      expect(await endsWithin(TAKEOVER_WITHIN_MS, acquire(leases, own))).toMatchObject({ status: 'fulfilled' });
      await close();
      expect(await failureOf(port.acquire(freshName(), new AbortController().signal))).toBeInstanceOf(StoreUnavailable);
    });
  });
}
