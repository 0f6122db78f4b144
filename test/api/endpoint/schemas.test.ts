/** The schemas of requests and answers are complete and true: the API's description is made from them. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { z } from 'zod';
import type { Endpoint } from '../../../src/api/endpoint/endpoint.ts';
import type { MountPoint } from '../../../src/api/endpoint/mount.ts';
import { answerSchema, requestSchema } from '../../../src/api/endpoint/schemas.ts';
import { success } from '../../../src/api/http/envelope.ts';
import { mountUms } from '../../../src/api/ums/routes.ts';
import { deliveries } from '../../../src/ports/read-models/deliveries.ts';
import { openTestApi, type TestApi } from '../../support/api.ts';
import { appendAll, dispatchFailed } from '../../support/events.ts';

// What a mapper made is seen before the serialiser could drop anything from it.
vi.mock('../../../src/api/http/envelope.ts', { spy: true });

interface Declared {
  readonly name: string;
  readonly parameters: z.ZodType;
  readonly data: z.ZodType;
}
const declared: Declared[] = [];
mountUms(<P, D>(_: MountPoint, { name, parameters, data }: Endpoint<P, D>) => {
  declared.push({ name, parameters, data });
});

type Schema = Readonly<Record<string, unknown>>;

/** Every schema in a schema, with its place. */
function* schemasIn(schema: Schema, place = ''): Generator<[string, Schema]> {
  yield [place, schema];
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Schema>))
    yield* schemasIn(property, `${place}.${name}`);
  if (schema.items !== undefined) yield* schemasIn(schema.items as Schema, `${place}[]`);
  for (const kind of ['anyOf', 'oneOf', 'allOf'])
    for (const part of (schema[kind] ?? []) as Schema[]) yield* schemasIn(part, place);
}

describe.each(declared)('$name', ({ name, parameters, data }) => {
  test('its request says what each field is, and nothing that the server knows', () => {
    const all = [...schemasIn(requestSchema(parameters) as Schema)];
    for (const [place, schema] of all) {
      const isSaid = ['type', 'enum', 'const', 'anyOf', 'oneOf'].some((word) => word in schema);
      expect(isSaid, `${name}${place} is ${JSON.stringify(schema)}`).toBe(true);
    }
    expect(all.map(([place]) => place).filter((place) => place.includes('caller'))).toEqual([]);
  });

  test('its answer lists all properties of each object', () => {
    for (const [place, schema] of schemasIn(answerSchema(data) as Schema)) {
      expect(schema, `${name}${place}`).toHaveProperty('type');
      if (schema.type === 'object') expect(schema, `${name}${place}`).toMatchObject({ additionalProperties: false });
    }
  });
});

test('a destination has the list of its kind', () => {
  const push = declared.find(({ name }) => name === 'msgPush');
  const { properties } = requestSchema(push?.parameters as z.ZodType) as { properties: { dst: Schema } };
  const kinds = (properties.dst.oneOf ?? properties.dst.anyOf) as { properties: Record<string, Schema> }[];
  expect(kinds.map((kind) => [kind.properties.type?.const, Object.keys(kind.properties)[1]])).toEqual([
    [0, 'Id'],
    [1, 'Id'],
    [2, 'devType'],
    [3, 'appType'],
  ]);
  for (const kind of kinds)
    expect(Object.values(kind.properties)[1]).toMatchObject({ type: 'array', minItems: 1, maxItems: 200 });
});

describe('what the mappers make is what the schemas say, to the last property', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await openTestApi();
  });
  afterAll(() => api.close());

  const user = 'u1';
  const appPackage = 'com.example.phone';

  async function expectFits(name: string, options: Parameters<TestApi['call']>[1]): Promise<void> {
    vi.mocked(success).mockClear();
    const answer = await api.call(name, options);
    expect(answer.retCode).toBe('00000');
    const made: unknown = vi.mocked(success).mock.calls.at(-1)?.[0];
    const { data } = declared.find((one) => one.name === name) as Declared;
    // Properties without a value are left out of every answer.
    expect(data.safeParse(JSON.parse(JSON.stringify(made)))).toMatchObject({ success: true });
    expect(answer.data).toEqual(JSON.parse(JSON.stringify(made)));
  }

  test('of every endpoint', async () => {
    const all = { userId: user, userName: 'Ada', deviceId: 'd', deviceName: 'Phone', typeId: 't' };
    const clientId = 'client-1';
    const device = { clientId, pushId: 'p', deviceType: '01', collab3th: 0, appPackage, ...all };
    await expectFits('register', { body: device, user });
    await expectFits('register', { body: device, user });
    await expectFits('devlist', { user });
    const dst = { type: 0, Id: ['client-1'] };
    await expectFits('msgPush', { user, body: { dst } });
    await expectFits('msgPushtry', { user, body: { dst: { type: 0, Id: ['client-1', 'nobody'] } } });
    const { data } = await api.call('msgPush', { user, body: { dst } });
    const { msgId } = data;
    const target = { msgId, appPackage, targets: [clientId] };
    const position = await appendAll(api.deps.log, [dispatchFailed(target)]);
    await api.deps.documents.reached(deliveries.name, position, 10_000);
    await expectFits('getmsgstat', { user, body: { msgId } });
    await expectFits('report', { user, body: { msgId, appPackage, status: 3 } });
    await expectFits('getmsgstat', { user, body: { msgId } });
    await expectFits('unreg', { user, body: { appPackage } });
    expect(declared.map(({ name }) => name).sort()).toEqual([
      'devlist',
      'getmsgstat',
      'msgPush',
      'msgPushtry',
      'register',
      'report',
      'unreg',
    ]);
  });
});
