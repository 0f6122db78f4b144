import { describe, expect, onTestFinished, test } from 'vitest';
import { messageStream } from '../../src/domain/streams.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import { startExpirySweeper, sweep } from '../../src/workers/expiry-sweeper.ts';
import { eventually, range } from '../contract/support.ts';
import { type Delivering, delivering, openShop } from './support.ts';

const signal = new AbortController().signal;

async function open(): Promise<Delivering> {
  const shop = await openShop();
  onTestFinished(shop.close);
  return delivering(shop);
}

/** Waits until the messages are in the read model that the sweeper looks at. */
async function seen({ deps }: Delivering): Promise<void> {
  expect(await deps.documents.reached('messages', await deps.log.head(), 10_000)).toBe(true);
}

const kinds = async (it: Delivering, msgId: string) => (await it.outcomes(msgId)).map(({ type }) => type);

describe('the sweeper', () => {
  test('expires what is overdue and nobody has expired, every target that waits named', async () => {
    const it = await open();
    const overdue = await it.accept({ to: ['c1', 'c2'], expires: 10 });
    const valid = await it.accept({ expires: 3600 });
    await seen(it);
    it.clock.move(60_000);
    expect(await sweep(it.deps, signal)).toBe(1);
    const { appPackage } = it;
    const targets = ['c1', 'c2'].map((clientId) => ({ clientId, appPackage }));
    expect(await it.outcomes(overdue)).toEqual([{ type: 'MessageExpired', data: { msgId: overdue, targets } }]);
    expect(await kinds(it, valid)).toEqual([]);
  });

  test('leaves a call that is under way the time to tell its outcome', async () => {
    const it = await open();
    const msgId = await it.accept({ expires: 10 });
    await seen(it);
    it.clock.move(12_999);
    await sweep(it.deps, signal);
    expect(await kinds(it, msgId)).toEqual([]);
    it.clock.move(1);
    await sweep(it.deps, signal);
    expect(await kinds(it, msgId)).toEqual(['MessageExpired']);
  });

  test('leaves alone what has its outcome, and names only the targets that have none', async () => {
    const it = await open();
    await it.terminals(it.registered('c1'));
    const sent = await it.accept({ to: ['c1'], expires: 10 });
    await it.run(it.job(sent));
    const half = await it.accept({ to: ['c1', { clientId: 'x', appPackage: 'com.example.other' }], expires: 10 });
    await it.run(it.job(half));
    await seen(it);
    it.clock.move(60_000);
    expect(await sweep(it.deps, signal)).toBe(1);
    expect(await kinds(it, sent)).not.toContain('MessageExpired');
    expect((await it.outcomes(half)).at(-1)).toEqual({
      type: 'MessageExpired',
      data: { msgId: half, targets: [{ clientId: 'x', appPackage: 'com.example.other' }] },
    });
  });

  test('does nothing twice', async () => {
    const it = await open();
    const msgId = await it.accept({ expires: 10 });
    await seen(it);
    it.clock.move(60_000);
    await Promise.all(range(3).map(() => sweep(it.deps, signal)));
    expect(await kinds(it, msgId)).toEqual(['MessageExpired']);
    await seen(it);
    expect(await sweep(it.deps, signal)).toBe(0);
  });

  test('takes the oldest first, a bounded number at once, and goes on until there are no more', async () => {
    const it = await open();
    const later = await Promise.all(range(205).map(() => it.accept({ expires: 20 })));
    const first = await it.accept({ expires: 10 });
    await seen(it);
    it.clock.move(60_000);
    const pages: number[] = [];
    const find: typeof it.deps.documents.find = async (...parameters) => {
      const page = await it.deps.documents.find(...parameters);
      pages.push(page.items.length);
      if (pages.length === 1) expect(page.items[0]?.id).toBe(first);
      return page;
    };
    expect(await sweep({ ...it.deps, documents: { ...it.deps.documents, find } }, signal)).toBe(206);
    expect(pages).toEqual([200, 6]);
    for (const msgId of [first, ...later]) expect(await kinds(it, msgId)).toEqual(['MessageExpired']);
  });

  test('expires the others when one message makes trouble, and says which that is', async () => {
    const it = await open();
    const bad = await it.accept({ expires: 10 });
    const good = await it.accept({ expires: 20 });
    await seen(it);
    it.clock.move(60_000);
    const readStream: typeof it.deps.log.readStream = async (stream) => {
      if (stream === messageStream(bad)) throw new Error('can not be decoded');
      return it.deps.log.readStream(stream);
    };
    expect(await sweep({ ...it.deps, log: { ...it.deps.log, readStream } }, signal)).toBe(2);
    expect(await kinds(it, good)).toEqual(['MessageExpired']);
    expect(it.lines).toMatchObject([
      {
        level: 'error',
        text: 'messages can not be expired',
        fields: { err: { message: 'can not be decoded' }, failed: 1, msgIds: [bad] },
      },
    ]);
    await seen(it);
    expect(await sweep(it.deps, signal)).toBe(1);
    expect(await kinds(it, bad)).toEqual(['MessageExpired']);
  });

  test('runs by itself, goes on after a failure of the store, and stops', async () => {
    const it = await open();
    const msgId = await it.accept({ expires: 10 });
    await seen(it);
    it.clock.move(60_000);
    let failures = 0;
    const find: typeof it.deps.documents.find = async (...parameters) => {
      failures += 1;
      if (failures === 1) throw new StoreUnavailable('away');
      return it.deps.documents.find(...parameters);
    };
    const sweeper = startExpirySweeper({ ...it.deps, documents: { ...it.deps.documents, find } });
    await eventually(async () => expect(await kinds(it, msgId)).toEqual(['MessageExpired']));
    await sweeper.stop();
    expect(it.lines).toMatchObject([{ level: 'error', text: 'expiry sweeper waits for the store' }]);
  });

  test('that is told to stop takes no further message', async () => {
    const it = await open();
    const msgId = await it.accept({ expires: 10 });
    await seen(it);
    it.clock.move(60_000);
    await sweep(it.deps, AbortSignal.abort());
    expect(await kinds(it, msgId)).toEqual([]);
  });
});
