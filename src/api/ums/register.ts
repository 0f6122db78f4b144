/** `docs/api.md §4 register` */
import { z } from 'zod';
import { register } from '../../commands/register.ts';
import type { RegistrationEvent } from '../../domain/events.ts';
import { type DeviceType, deviceTypes } from '../../domain/events.ts';
import { RegistrationStatus } from '../../domain/status.ts';
import type { ZonedTime } from '../../domain/time.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import { text } from '../endpoint/parameters.ts';
import { userRegInfo, userRegInfoSchema } from '../views/user-reg-info.ts';
import { deviceListFollows } from './device-list-follows.ts';

const fields = z.object({
  userId: text.optional(),
  userName: text.optional(),
  clientId: text,
  deviceId: text.optional(),
  pushId: text,
  deviceName: text.optional(),
  // The code is named here, because registration has one of its own for this field.
  deviceType: z
    .string()
    .refine(isDeviceType, { error: 'C00006' })
    .transform((value) => value as DeviceType),
  typeId: text.optional(),
  /** Any JSON integer: whether a channel goes by it is a question of state (`docs/api.md §2`). */
  collab3th: z.preprocess(withinDoubles, z.number().refine(Number.isInteger, { error: 'B00002' })),
  appPackage: z.string().optional(),
  /** A fact beside the body: the header's. */
  callerClientId: z.string(),
});

type Draft = Partial<z.output<typeof fields>>;

/** A rule across fields that is checked whatever else is broken: the field's place decides which rule answers. */
const always = { when: () => true } as const;

export const registerParameters = fields
  .refine(({ clientId, callerClientId }: Draft) => typeof clientId !== 'string' || clientId === callerClientId, {
    ...always,
    path: ['clientId'],
    error: 'B00004',
  })
  .refine(
    ({ collab3th, clientId, deviceId, pushId }: Draft) =>
      collab3th !== 1 || (clientId === deviceId && clientId === pushId),
    { ...always, path: ['collab3th'], error: 'B00004' },
  );

export type RegisterParameters = z.output<typeof registerParameters>;

/** `1e400` is an integer too, and `JSON.parse` makes an infinity of it: no channel goes by the largest double either. */
function withinDoubles(value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? Number.MAX_VALUE : value;
}

function isDeviceType(value: string): boolean {
  return (deviceTypes as readonly string[]).includes(value);
}

/** `docs/api.md §4 register` */
export const registerEndpoint: EffectEndpoint<RegisterParameters> = {
  type: 'effect',
  name: 'register',
  codes: ['B00001', 'B00004', 'D00008', 'H32004', 'H32005', 'C00006'],
  token: 'optional',
  parameters: registerParameters,
  facts: (clientId) => () => ({ callerClientId: clientId }),
  data: userRegInfoSchema,
  run({ deps }, call, parameters, identity) {
    const { callerClientId: _, ...registration } = parameters;
    return register(deps.log, {
      app: call.app,
      registration,
      tokenUserId: call.user?.userId,
      causeFor: (stream) =>
        causeOf<RegistrationEvent>(call, identity, stream, ([event]) => call.answer(answerData(event, deps.time))),
    });
  },
  beforeAnswer: deviceListFollows,
};

function answerData(event: RegistrationEvent | undefined, time: ZonedTime) {
  switch (event?.type) {
    case 'ChannelRegistered':
      return userRegInfo(event.data, RegistrationStatus.registered, time);
    case 'ChannelUpdated':
      return userRegInfo(event.data, RegistrationStatus.updated, time);
    case 'ChannelUnregistered':
    case undefined:
      throw new Error('a registration comes to an event of its own');
  }
}
