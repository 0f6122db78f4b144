import { describe, expect, test } from 'vitest';
import { Releases } from '../../../src/roles/process/releases.ts';
import { gate } from '../../contract/support.ts';

describe('releases', () => {
  test('happen last first, one after the other', async () => {
    const order: string[] = [];
    const held = gate();
    const releases = new Releases();
    releases.add(async () => void order.push('first'));
    releases.add(async () => {
      order.push('second begins');
      await held.opened;
      order.push('second ends');
    });
    releases.add(async () => void order.push('third'));
    const all = releases.all();
    await new Promise((resolve) => setImmediate(resolve));
    expect(order).toEqual(['third', 'second begins']);
    held.open();
    await all;
    expect(order).toEqual(['third', 'second begins', 'second ends', 'first']);
  });

  test('that fail keep no other from happening, and their errors are thrown together', async () => {
    const order: string[] = [];
    const releases = new Releases();
    const failing = (text: string) => async () => {
      throw new Error(text);
    };
    releases.add(async () => void order.push('first'));
    releases.add(failing('the file'));
    releases.add(failing('the socket'));
    const error = await releases.all().catch((reason: unknown) => reason);
    expect(order).toEqual(['first']);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toEqual([new Error('the socket'), new Error('the file')]);
  });

  test('happen once', async () => {
    let times = 0;
    const releases = new Releases();
    releases.add(async () => {
      times += 1;
    });
    await releases.all();
    await releases.all();
    expect(times).toBe(1);
  });
});
