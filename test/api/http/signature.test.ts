import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSignedBy, signatureOf, withoutSpace } from '../../../src/api/http/signature.ts';

/** `docs/api.md §2 Signature` */
const vector = {
  path: '/shadow/v1/info',
  body: '{"deviceId":"2C37C530B5F1"}',
  appId: 'MB-DEMO-0000',
  appKey: '504f37c39bb062a789b28598fe94d9d8',
  timestamp: '1614331048386',
};
const sign = '7e5ffbf921dabc9dc3db657c4d2fdb7c990444380d638973f26762722d7b09d2';

test('the vector of the contract', () => {
  expect(signatureOf(vector)).toBe(sign);
  expect(isSignedBy(vector, sign)).toBe(true);
});

test.each([
  ['uppercase', sign.toUpperCase()],
  ['one digit off', sign.replace('7', '8')],
  ['too short', sign.slice(1)],
  ['too long', `${sign}0`],
  ['empty', ''],
  ['of the same length in other characters', 'é'.repeat(32)],
])('a sign that is %s is wrong', (_, wrong) => {
  expect(isSignedBy(vector, wrong)).toBe(false);
});

describe('withoutSpace', () => {
  test('takes out the six ASCII characters, also inside of strings, and no other', () => {
    expect(withoutSpace(' {"a":\t"b c"\n,\v"d"\f:1\r}')).toBe('{"a":"bc","d":1}');
    expect(withoutSpace('{"a":"\u00a0\u3000\u2028\\n\ufeff"}')).toBe('{"a":"\u00a0\u3000\u2028\\n\ufeff"}');
  });

  test('is the text without them, for any text', () => {
    const unit = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom(' ', '\t', '\n', '\v', '\f', '\r', '\u00a0'));
    fc.assert(
      fc.property(fc.array(unit), (parts) => {
        const text = parts.join('');
        const expected = [...text].filter((char) => !' \t\n\v\f\r'.includes(char)).join('');
        expect(withoutSpace(text)).toBe(expected);
      }),
    );
  });
});
