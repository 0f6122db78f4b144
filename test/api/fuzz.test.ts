/** For any request, the answer is an envelope with a code of the endpoint's list or a common one, and never A00004. */
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestApi, type TestApi } from '../support/api.ts';

let api: TestApi;
beforeAll(async () => {
  api = await openTestApi();
  await api.register('client-1', { userId: 'u1', deviceId: 'd1' });
});
afterAll(() => api.close());

const common = ['00000', 'C00005', 'D00003', 'D00008'];
const lists: Record<string, string[]> = {
  register: ['B00001', 'B00004', 'D00008', 'H32004', 'H32005', 'C00006'],
  unreg: ['B00001', 'H32005', 'B00004', 'H32006'],
  devlist: ['B00004'],
  msgPush: ['B00001', 'B00006', 'B00004', 'H32006', 'B00002', 'B00003'],
  msgPushtry: ['B00001', 'B00006', 'B00004', 'H32011', 'B00002', 'B00003'],
  getmsgstat: ['B00001', 'B00004', 'H32007'],
  report: ['B00001', 'H32005', 'B00004', 'H32007', 'H32008'],
};

const odd = fc.oneof(
  fc.jsonValue(),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom(
    '',
    null,
    0,
    1,
    -0,
    2,
    1.5,
    1e308,
    -1,
    true,
    [],
    {},
    '\u0000',
    '\ud800',
    'constructor',
    '../..',
    "';--",
  ),
);
const oneOf = (...good: unknown[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...good) }, { weight: 1, arbitrary: odd });
const list = (...good: unknown[]) =>
  fc.oneof({ weight: 3, arbitrary: fc.array(oneOf(...good), { maxLength: 5 }) }, { weight: 1, arbitrary: odd });

const fields = fc.record(
  {
    userId: oneOf('u1'),
    userName: oneOf('Ada'),
    clientId: oneOf('client-1'),
    deviceId: oneOf('d1', 'client-1'),
    pushId: oneOf('p', 'client-1'),
    deviceName: odd,
    deviceType: oneOf('01', '08'),
    typeId: odd,
    collab3th: oneOf(0, 1),
    appPackage: oneOf('com.example.phone', 'com.example.speaker'),
    expires: oneOf(60),
    dst: fc.oneof(
      odd,
      fc.record(
        {
          type: oneOf(0, 1, 2, 3),
          Id: list('client-1', 'd1'),
          devType: list('01', '08'),
          appType: list('com.example.phone'),
          ['__proto__']: odd,
        },
        { requiredKeys: [] },
      ),
    ),
    message: oneOf({ a: 1 }, {}),
    msgId: oneOf('20260301080000000abcd00000'),
    megId: odd,
    status: oneOf(2, 3, 4),
    ['__proto__']: odd,
  },
  { requiredKeys: [] },
);

test.each(Object.keys(lists))('%s', async (name) => {
  await fc.assert(
    fc.asyncProperty(fields, fc.option(fc.constantFrom('u1', 'u2'), { nil: undefined }), async (body, user) => {
      const answer = await api.call(name, { body, user });
      expect([...common, ...(lists[name] ?? [])]).toContain(answer.retCode);
      expect([200, 401]).toContain(answer.status);
    }),
    { numRuns: 150 },
  );
});

test('no line of the log is an error', () => {
  expect(api.lines.filter(({ level }) => level !== 30)).toEqual([]);
});
