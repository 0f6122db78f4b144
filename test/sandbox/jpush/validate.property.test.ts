/** No push object is too odd for the look-alike. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { validatePush } from '../../../src/sandbox/jpush/validate.ts';

const anything = fc.jsonValue({ maxDepth: 4 });
const oneOf = (...keys: string[]) => fc.dictionary(fc.constantFrom(...keys, '__proto__', 'x'), anything);

/** Mostly of the right keys, so that the checks behind the first ones are reached. */
const push = fc.record(
  {
    platform: fc.oneof(fc.constant('all'), anything),
    audience: fc.oneof(fc.constant('all'), oneOf('registration_id', 'alias', 'tag', 'file'), anything),
    notification: fc.oneof(
      oneOf('alert', 'android', 'ios'),
      fc.record({ android: oneOf('alert', 'title'), ios: oneOf('alert') }),
      anything,
    ),
    message: fc.oneof(fc.record({ msg_content: fc.string() }), oneOf('msg_content', 'title', 'extras'), anything),
    options: fc.oneof(oneOf('sendno', 'time_to_live', 'override_msg_id', 'constructor'), anything),
    cid: anything,
  },
  { requiredKeys: [] },
);

it('answers each with a verdict that JPush has', () => {
  const seen = new Set<unknown>();
  fc.assert(
    fc.property(push, (body) => {
      const verdict = validatePush(JSON.parse(JSON.stringify(body)), 864_000);
      seen.add(verdict.type === 'valid' ? 'valid' : verdict.code);
      if (verdict.type === 'refusal') expect([1002, 1003, 1005, 1009]).toContain(verdict.code);
    }),
    { numRuns: 2000, seed: 42 },
  );
  // The generator reaches the cases that it is for.
  for (const verdict of ['valid', 1002, 1003, 1009]) expect(seen).toContain(verdict);
});
