import { symlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { msgIdPattern } from '../../src/domain/msg-id.ts';
import { zonedTime } from '../../src/domain/time.ts';
import { embeddedNode, msgIds } from '../../src/roles/msg-ids.ts';
import { emptyFolder } from '../config/support.ts';
import { range } from '../contract/support.ts';

const time = zonedTime('Asia/Shanghai');
const AT = Date.parse('2026-03-01T02:03:04.005Z');

/** A clock that shows these times one after the other, and then the last one for good. */
function clockOf(...times: number[]) {
  let next = 0;
  return { now: () => times[Math.min(next++, times.length - 1)] ?? AT };
}

const sourceIn = (id: string | undefined): string | undefined => id?.slice(17, 21);

describe('the msgIds of a process', () => {
  test('say when, in the service’s time zone, and by whom', () => {
    const id = msgIds(time, clockOf(AT), 'node')();
    expect(id).toMatch(msgIdPattern);
    expect(id.slice(0, 17)).toBe('20260301100304005');
  });

  test('are different and in order within a millisecond, and also when the clock steps back', () => {
    const next = msgIds(time, clockOf(AT, AT, AT + 5, AT - 60_000, AT + 6), 'node');
    const ids = range(5000).map(() => next());
    expect(new Set(ids).size).toBe(5000);
    expect([...ids].sort()).toEqual(ids);
    expect(new Set(ids.map(sourceIn)).size).toBe(1);
  });

  test('name their node: the same one after a restart, another one elsewhere', () => {
    const sources = (...nodes: string[]) => new Set(nodes.map((node) => sourceIn(msgIds(time, clockOf(AT), node)())));
    expect(sources('node', 'node').size).toBe(1);
    expect(sources(...range(20).map((index) => `node ${index}`)).size).toBeGreaterThan(18);
  });
});

describe('the node of an embedded service', () => {
  test('is its data folder on this host, under any spelling of the path', () => {
    const [dir, other, links] = [emptyFolder(), emptyFolder(), emptyFolder()];
    symlinkSync(dir, join(links, 'data'));
    expect(embeddedNode(dir)).toContain(hostname());
    expect(embeddedNode(join(links, 'data'))).toBe(embeddedNode(dir));
    expect(embeddedNode(`${dir}/.`)).toBe(embeddedNode(dir));
    expect(embeddedNode(other)).not.toBe(embeddedNode(dir));
  });
});
