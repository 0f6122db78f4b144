import { describe, expect, onTestFinished, test } from 'vitest';
import { messageStream } from '../../src/domain/streams.ts';
import { StoreUnavailable } from '../../src/ports/errors.ts';
import { startExpirySweeper, sweep } from '../../src/workers/expiry-sweeper.ts';
import { eventually, range } from '../contract/support.ts';
import { recordedTelemetry } from '../support/telemetry.ts';
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

const kinds = async (rig: Delivering, msgId: string) => (await rig.outcomes(msgId)).map(({ type }) => type);

describe('the sweeper', () => {
  test('expires overdue messages, and names every target that waits', async () => {
    const rig = await open();
    const overdue = await rig.accept({ to: ['c1', 'c2'], expires: 10 });
    const valid = await rig.accept({ expires: 3600 });
    await seen(rig);
    rig.clock.move(60_000);
    expect(await sweep(rig.deps, signal)).toBe(1);
    const { appPackage } = rig;
    const targets = ['c1', 'c2'].map((clientId) => ({ clientId, appPackage }));
    expect(await rig.outcomes(overdue)).toEqual([{ type: 'MessageExpired', data: { msgId: overdue, targets } }]);
    expect(await kinds(rig, valid)).toEqual([]);
  });

  test('leaves a call that is under way the time to tell its outcome', async () => {
    const rig = await open();
    const msgId = await rig.accept({ expires: 10 });
    await seen(rig);
    rig.clock.move(12_999);
    await sweep(rig.deps, signal);
    expect(await kinds(rig, msgId)).toEqual([]);
    rig.clock.move(1);
    await sweep(rig.deps, signal);
    expect(await kinds(rig, msgId)).toEqual(['MessageExpired']);
  });

  test('leaves settled messages alone, and names only the targets without an outcome', async () => {
    const rig = await open();
    await rig.terminals(rig.registered('c1'));
    const sent = await rig.accept({ to: ['c1'], expires: 10 });
    await rig.run(rig.job(sent));
    const half = await rig.accept({ to: ['c1', { clientId: 'x', appPackage: 'com.example.other' }], expires: 10 });
    await rig.run(rig.job(half));
    await seen(rig);
    rig.clock.move(60_000);
    expect(await sweep(rig.deps, signal)).toBe(1);
    expect(await kinds(rig, sent)).not.toContain('MessageExpired');
    expect((await rig.outcomes(half)).at(-1)).toEqual({
      type: 'MessageExpired',
      data: { msgId: half, targets: [{ clientId: 'x', appPackage: 'com.example.other' }] },
    });
  });

  test('does nothing twice', async () => {
    const rig = await open();
    const msgId = await rig.accept({ expires: 10 });
    await seen(rig);
    rig.clock.move(60_000);
    await Promise.all(range(3).map(() => sweep(rig.deps, signal)));
    expect(await kinds(rig, msgId)).toEqual(['MessageExpired']);
    await seen(rig);
    expect(await sweep(rig.deps, signal)).toBe(0);
  });

  test('takes the oldest first, a bounded number at once, and goes on until there are no more', async () => {
    const rig = await open();
    const later = await Promise.all(range(205).map(() => rig.accept({ expires: 20 })));
    const first = await rig.accept({ expires: 10 });
    await seen(rig);
    rig.clock.move(60_000);
    const pages: number[] = [];
    const find: typeof rig.deps.documents.find = async (...parameters) => {
      const page = await rig.deps.documents.find(...parameters);
      pages.push(page.items.length);
      if (pages.length === 1) expect(page.items[0]?.id).toBe(first);
      return page;
    };
    expect(await sweep({ ...rig.deps, documents: { ...rig.deps.documents, find } }, signal)).toBe(206);
    expect(pages).toEqual([200, 6]);
    for (const msgId of [first, ...later]) expect(await kinds(rig, msgId)).toEqual(['MessageExpired']);
  });

  test('expires the others when one message makes trouble, and says which that is', async () => {
    const rig = await open();
    const bad = await rig.accept({ expires: 10 });
    const good = await rig.accept({ expires: 20 });
    await seen(rig);
    rig.clock.move(60_000);
    const readStream: typeof rig.deps.log.readStream = async (stream) => {
      if (stream === messageStream(bad)) throw new Error('can not be decoded');
      return rig.deps.log.readStream(stream);
    };
    expect(await sweep({ ...rig.deps, log: { ...rig.deps.log, readStream } }, signal)).toBe(2);
    expect(await kinds(rig, good)).toEqual(['MessageExpired']);
    expect(rig.lines).toMatchObject([
      {
        level: 'error',
        text: 'messages can not be expired',
        fields: { err: { message: 'can not be decoded' }, failed: 1, msgIds: [bad] },
      },
    ]);
    await seen(rig);
    expect(await sweep(rig.deps, signal)).toBe(1);
    expect(await kinds(rig, bad)).toEqual(['MessageExpired']);
  });

  test('runs on a timer, goes on after a failure of the store, and stops', async () => {
    const rig = await open();
    const msgId = await rig.accept({ expires: 10 });
    await seen(rig);
    rig.clock.move(60_000);
    let failures = 0;
    const find: typeof rig.deps.documents.find = async (...parameters) => {
      failures += 1;
      if (failures === 1) throw new StoreUnavailable('away');
      return rig.deps.documents.find(...parameters);
    };
    const { changes, telemetry } = recordedTelemetry();
    const sweeper = startExpirySweeper({ ...rig.deps, telemetry, documents: { ...rig.deps.documents, find } });
    await eventually(async () => expect(await kinds(rig, msgId)).toEqual(['MessageExpired']));
    await sweeper.stop();
    expect(changes).toEqual(['sweeper waiting: away', 'sweeper up']);
    expect(rig.lines).toEqual([]);
  });

  test('that is stopped takes no further message', async () => {
    const rig = await open();
    const msgId = await rig.accept({ expires: 10 });
    await seen(rig);
    rig.clock.move(60_000);
    await sweep(rig.deps, AbortSignal.abort());
    expect(await kinds(rig, msgId)).toEqual([]);
  });
});
