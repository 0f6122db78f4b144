/** The channel gives a defined result for any answer of a provider. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAnswer } from '../../../../src/workers/channels/jpush/answer.ts';
import { recipientsNamed } from '../../../../src/workers/channels/jpush/recipients.ts';
import { verdictOf } from '../../../../src/workers/channels/jpush/verdict.ts';

const body = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc
    .record(
      {
        msg_id: fc.anything(),
        cidlist: fc.anything(),
        error: fc.oneof(fc.anything(), fc.record({ code: fc.anything(), message: fc.anything() })),
        code: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map((value) => safeStringify(value)),
  fc.integer({ min: 1, max: 30_000 }).map((depth) => '['.repeat(depth)),
  fc.integer({ min: 1, max: 8_000 }).map((depth) => `{"error":${'['.repeat(depth)}${']'.repeat(depth)}}`),
);

function safeStringify(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part)) ?? '';
}

const status = fc.oneof(fc.integer({ min: 100, max: 999 }), fc.constantFrom(200, 400, 401, 403, 408, 429, 500, 503));

it('reads any body without a throw, and yields only values of the promised shape', () => {
  fc.assert(
    fc.property(body, (text) => {
      const { msgId, code, message, cids } = parseAnswer(text);
      expect(msgId ?? '').toMatch(/^[\x21-\x7e]{0,64}$/);
      expect(code === undefined || Number.isSafeInteger(code)).toBe(true);
      expect(['string', 'undefined']).toContain(typeof message);
      expect(cids === undefined || cids.length > 0).toBe(true);
    }),
  );
});

it('accepts exactly the answers with status 200', () => {
  fc.assert(
    fc.property(status, body, (code, text) => {
      const verdict = verdictOf({ type: 'answered', status: code, text, header: () => undefined }, 0, () => 1);
      expect(verdict.type === 'accepted').toBe(code === 200);
      if (code >= 500) expect(verdict.type).toBe('failed');
    }),
  );
});

it('keeps every digit of a long msg_id', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 30n }), fc.boolean(), (id, quoted) => {
      expect(parseAnswer(`{"msg_id":${quoted ? `"${id}"` : id}}`).msgId).toBe(String(id));
    }),
  );
});

it('finds the one that JPush names, and no other', () => {
  const pushId = fc.stringMatching(/^[A-Za-z0-9_.-]{1,40}$/);
  fc.assert(
    fc.property(fc.uniqueArray(pushId, { minLength: 2, maxLength: 20 }), fc.nat(), (ids, pick) => {
      const dead = ids[pick % ids.length];
      const recipients = ids.map((id, index) => ({ clientId: `c${index}`, pushId: id }));
      const named = recipientsNamed(`The registration_id ${dead} is invalid!`, recipients);
      expect(named.map((one) => one.pushId)).toEqual([dead]);
    }),
  );
});
