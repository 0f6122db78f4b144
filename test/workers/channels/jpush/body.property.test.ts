/** JPush takes every message that a caller may send (`docs/api.md §4`), and it arrives as it was sent. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { DEFAULT_MAX_TIME_TO_LIVE } from '../../../../src/domain/apps.ts';
import { validatePush } from '../../../../src/sandbox/jpush/validate.ts';
import { pushBody } from '../../../../src/workers/channels/jpush/push-body.ts';
import { credentials, deliveryTo } from './support.ts';

const MAX_MESSAGE_BYTES = 3072;
const MAX_NOTIFICATION_BYTES = 512;
const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

const text = fc.string({ unit: 'binary', maxLength: 1000 });
const message = fc.dictionary(text, fc.jsonValue()).filter((value) => bytes(value) <= MAX_MESSAGE_BYTES);
const short = fc.string({ unit: 'binary', minLength: 1, maxLength: 100 });
const notification = fc.option(
  fc
    .record(
      {
        alert: fc.string({ unit: 'binary', minLength: 1, maxLength: 300 }),
        title: text,
        sound: short,
        badge: fc.constantFrom(0, 7, '+1'),
        category: short,
        intent: fc.oneof(
          short,
          short.map((url) => ({ url })),
        ),
        channelId: short,
        when: fc.constantFrom('always', 'offline'),
      },
      { requiredKeys: ['alert'] },
    )
    .filter((value) => bytes(value) <= MAX_NOTIFICATION_BYTES),
  { nil: undefined },
);
const pushIds = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), {
  minLength: 1,
  maxLength: 50,
});

it('makes a push object that passes all checks', () => {
  fc.assert(
    fc.property(
      message,
      notification,
      pushIds,
      fc.integer({ min: 1, max: 864_000 }),
      (content, shown, ids, timeToLive) => {
        const account = { ...credentials, notification: shown };
        const payload = JSON.stringify({ msgId: '20261124062500000ab12c00001', message: content });
        const body = JSON.parse(pushBody(deliveryTo(ids, { payload, timeToLive }), account));
        const push = validatePush(body, DEFAULT_MAX_TIME_TO_LIVE);
        expect(push).toMatchObject({
          type: 'valid',
          content: payload,
          timeToLive: Math.min(timeToLive, DEFAULT_MAX_TIME_TO_LIVE),
          audience: { registrationIds: body.audience.registration_id },
        });
        expect(body.audience.registration_id).toHaveLength(ids.length);
      },
    ),
  );
});
