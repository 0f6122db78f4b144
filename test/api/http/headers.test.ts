import { expect, test } from 'vitest';
import { checkHeaders, readHeaders } from '../../../src/api/http/headers.ts';
import { pathOf } from '../../../src/api/http/path.ts';
import { traceparentOf } from '../../../src/ports/eventsourcing/trace.ts';

const latin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

test('values that are UTF-8 are read as UTF-8, others as they came', () => {
  expect(readHeaders({ clientid: latin1('冰箱-1') }).clientId).toBe('冰箱-1');
  expect(readHeaders({ clientid: 'caf\u00e9' }).clientId).toBe('café');
  expect(readHeaders({ clientid: '' }).clientId).toBeUndefined();
});

const read = (headers: Record<string, string>) => readHeaders({ clientid: 'c', ...headers });

test('lengths are counted in characters', () => {
  expect(checkHeaders(read({ clientid: latin1('😀'.repeat(64)) }), { clientId: true })).toBeUndefined();
  expect(checkHeaders(read({ clientid: latin1('😀'.repeat(65)) }), { clientId: true })).toMatchObject({
    code: 'B00006',
    detail: 'clientId',
  });
});

test.each([
  ['appId', 40],
  ['appVersion', 32],
  ['clientId', 64],
  ['sequenceId', 32],
])('%s holds %i characters', (name, max) => {
  const check = (length: number) =>
    checkHeaders(read({ [name.toLowerCase()]: 'x'.repeat(length) }), { clientId: true });
  expect(check(max)).toBeUndefined();
  expect(check(max + 1)).toMatchObject({ code: 'B00006', detail: name });
});

test('clientId is needed of terminals and ignored of clouds', () => {
  expect(checkHeaders(readHeaders({}), { clientId: true })).toMatchObject({ code: 'B00001', detail: 'clientId' });
  expect(checkHeaders(readHeaders({ clientid: 'x'.repeat(99) }), { clientId: false })).toBeUndefined();
});

test.each([
  ['/ums/v2/register', '/ums/v2/register'],
  ['/ums/v2/register?a=/b', '/ums/v2/register'],
  ['/ums/v2/register#a?b', '/ums/v2/register'],
  ['http://host:80/ums/v2/register?a', '/ums/v2/register'],
  ['https://host?a', ''],
  ['*', '*'],
])('the path of %s is %s', (target, path) => {
  expect(pathOf(target)).toBe(path);
});

test('a valid traceparent goes along, anything else is replaced by a fresh one', () => {
  const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const valid = /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/;
  expect(traceparentOf(given)).toBe(given);
  for (const bad of [
    undefined,
    'x',
    given.toUpperCase(),
    given.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
  ]) {
    expect(traceparentOf(bad)).toMatch(valid);
    expect(traceparentOf(bad)).not.toBe(bad);
  }
  expect(new Set(Array.from({ length: 2000 }, () => traceparentOf(undefined))).size).toBe(2000);
});
