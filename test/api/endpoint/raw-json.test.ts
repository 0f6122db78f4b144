import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { minified, rawProperty } from '../../../src/api/endpoint/raw-json.ts';

describe('rawProperty', () => {
  test.each([
    ['{"message":{"a":1}}', '{"a":1}'],
    ['{ "x" : [1, {"message": 2}] , "message" : { "a" : [ 1 , 2 ] } }', '{"a":[1,2]}'],
    ['{"message":{"a":1},"message":{"b":2}}', '{"b":2}'],
    ['{"\\u006dessage":{"a":1}}', '{"a":1}'],
    ['{"message":{"a":1},"\\u006dessage":{"b":2}}', '{"b":2}'],
    ['{"message":{"n":12345678901234567890.10,"e":1E400}}', '{"n":12345678901234567890.10,"e":1E400}'],
    ['{"message":{"s":"a \\" } b\\\\"}}', '{"s":"a \\" } b\\\\"}'],
    ['{"message":{"\\u00e9":"\\u00e9 é"}}', '{"\\u00e9":"\\u00e9 é"}'],
    ['{"message":{"__proto__":{"a":1},"constructor":1}}', '{"__proto__":{"a":1},"constructor":1}'],
    ['{"other":"message","message":"text"}', '"text"'],
    ['{"a":true,"message":null\t}', 'null'],
    ['\n{"message":-1.5e3 ,"a":1}', '-1.5e3'],
  ])('%s → %s', (text, expected) => {
    expect(rawProperty(text, 'message')).toBe(expected);
  });

  test.each(['{}', ' { } ', '{"a":{"message":1}}', '{"messages":1}', '{"a":"\\"message\\":1"}'])(
    '%s has none',
    (text) => {
      expect(rawProperty(text, 'message')).toBeUndefined();
    },
  );

  test('no nesting is too deep', () => {
    const deep = `${'{"a":['.repeat(20_000)}${']}'.repeat(20_000)}`;
    expect(rawProperty(`{"message": ${deep}}`, 'message')).toBe(deep);
  });

  test('is the value that JSON.parse finds, without the white space, for any document', () => {
    const space = fc.stringMatching(/^[ \t\n\r]{0,3}$/);
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.jsonValue(), space, (others, message, gap) => {
        const entries = Object.entries({ ...others, message }).map(
          ([key, value]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(value, null, gap)}${gap}`,
        );
        const raw = rawProperty(`${gap}{${entries.join(',')}}${gap}`, 'message');
        expect(raw).toBe(JSON.stringify(message));
      }),
    );
  });
});

test('minified leaves every string as it was and nothing else that could go', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(1, 2, '\t', '\n'), (value, indent) => {
      expect(minified(JSON.stringify(value, null, indent))).toBe(JSON.stringify(value));
    }),
  );
});
