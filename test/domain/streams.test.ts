/** docs/events.md: names are ASCII, parts from outside are percent-encoded. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  messageStream,
  receiptStream,
  registrationId,
  registrationStream,
  streamPrefixes,
} from '../../src/domain/streams.ts';

/** Every well-formed text, characters that matter in names more often. */
const aText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({
    unit: fc.constantFrom('/', '%', '2', 'F', '-', '_', '*', "'", ' ', '\u0000', '海', '🧊', 'é', 'e', '\u0301'),
  }),
);
/** Any sequence of UTF-16 units, lone surrogates too. */
const anyUnits = fc
  .array(fc.integer({ min: 0, max: 0xffff }))
  .map((units) => units.map((unit) => String.fromCharCode(unit)).join(''));

describe('stream names', () => {
  test('look as they are documented', () => {
    const target = { clientId: 'client-1', appPackage: 'com.example.phone' };
    expect(registrationStream(target)).toBe('registration-client-1/com.example.phone');
    expect(registrationId(target)).toBe('client-1/com.example.phone');
    expect(messageStream('20260301100304005abcd00001')).toBe('message-20260301100304005abcd00001');
    expect(receiptStream('m1', 'client-1')).toBe('receipt-m1/client-1');
  });

  test.each([
    ['a/b', 'a%2Fb'],
    ['a%2Fb', 'a%252Fb'],
    ["!'()*", '%21%27%28%29%2A'],
    ['海 尔', '%E6%B5%B7%20%E5%B0%94'],
    ['\u0000', '%00'],
    ['AA:BB:CC', 'AA%3ABB%3ACC'],
  ])('%j is encoded as %s', (text, encoded) => {
    expect(registrationId({ clientId: text, appPackage: text })).toBe(`${encoded}/${encoded}`);
    expect(messageStream(text)).toBe(`message-${encoded}`);
  });

  test('are printable ASCII with nothing that a store could take for a separator or wildcard', () => {
    fc.assert(
      fc.property(anyUnits, anyUnits, (one, other) => {
        const parts = { clientId: one, appPackage: other };
        for (const name of [registrationStream(parts), messageStream(one), receiptStream(one, other)])
          expect(name).toMatch(/^[a-z]+-[A-Za-z0-9._~%/-]*$/);
      }),
    );
  });

  test('can be decoded into their parts, so that no two things share one', () => {
    fc.assert(
      fc.property(aText, aText, (one, other) => {
        const parts = registrationId({ clientId: one, appPackage: other }).split('/');
        expect(parts.map(decodeURIComponent)).toEqual([one, other]);
        const receipt = receiptStream(one, other).slice(streamPrefixes.receipt.length).split('/');
        expect(receipt.map(decodeURIComponent)).toEqual([one, other]);
        expect(decodeURIComponent(messageStream(one).slice(streamPrefixes.message.length))).toBe(one);
      }),
    );
  });

  test('lone surrogates, which no encoding has, are one with the replacement character', () => {
    expect(messageStream('\ud800')).toBe(messageStream('\ufffd'));
    expect(messageStream('\ud83e\uddca')).toBe('message-%F0%9F%A7%8A');
  });

  test('begin with their prefix, and no prefix begins another', () => {
    const target = { clientId: 'x', appPackage: 'y' };
    expect(registrationStream(target).startsWith(streamPrefixes.registration)).toBe(true);
    expect(messageStream('x').startsWith(streamPrefixes.message)).toBe(true);
    expect(receiptStream('x', 'y').startsWith(streamPrefixes.receipt)).toBe(true);
    const prefixes = Object.values(streamPrefixes);
    for (const one of prefixes) expect(prefixes.filter((other) => other.startsWith(one))).toEqual([one]);
  });
});
