/** `docs/api.md §4 register` */
import { z } from 'zod';
import { register } from '../../commands/register.ts';
import type { RegistrationEvent } from '../../domain/events.ts';
import { deviceTypes } from '../../domain/events.ts';
import type { RegistrationState } from '../../domain/registration.ts';
import type { ZonedTime } from '../../domain/time.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import { name, type Rule, storedName } from '../endpoint/parameters.ts';
import { type UserRegInfo, userRegInfo, userRegInfoSchema } from '../views/user-reg-info.ts';
import { deviceListFollows } from './device-list-follows.ts';

const registerParameters = z.object({
  userId: storedName.optional(),
  userName: storedName.optional(),
  clientId: storedName,
  deviceId: storedName.optional(),
  pushId: storedName,
  deviceName: storedName.optional(),
  // The code is named here, because registration has one of its own for this field.
  deviceType: z.enum(deviceTypes, { error: ({ input }) => (typeof input === 'string' ? 'C00006' : undefined) }),
  typeId: storedName.optional(),
  /** Any JSON integer: whether there is a channel for it is a question of state (`docs/api.md §2`). */
  collab3th: z
    .preprocess(withinDoubles, z.number().refine(Number.isInteger, { error: 'B00002' }))
    .meta({ type: 'integer' }),
  appPackage: name.optional(),
});
type RegisterParameters = z.output<typeof registerParameters>;

const rules: readonly Rule[] = [
  {
    field: 'clientId',
    code: 'B00004',
    isBroken: ({ clientId }, callerId) => typeof clientId === 'string' && clientId !== callerId,
  },
  {
    field: 'collab3th',
    code: 'B00004',
    isBroken: ({ collab3th, clientId, deviceId, pushId }) =>
      collab3th === 1 && (clientId !== deviceId || clientId !== pushId),
  },
];

/**
 * `1e400` is an integer too, but `JSON.parse` turns it into infinity. It becomes the largest double, which has no
 * channel either.
 */
function withinDoubles(value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? Number.MAX_VALUE : value;
}

/** `docs/api.md §4 register` */
export const registerEndpoint: EffectEndpoint<RegisterParameters, UserRegInfo> = {
  type: 'effect',
  name: 'register',
  codes: ['B00001', 'B00004', 'D00008', 'H32004', 'H32005', 'C00006'],
  token: 'optional',
  parameters: registerParameters,
  rules,
  data: userRegInfoSchema,
  run({ deps }, call, registration, identity) {
    return register(deps.log, {
      app: call.app,
      registration,
      tokenUserId: call.user?.userId,
      causeFor: (stream) =>
        causeOf<RegistrationEvent, RegistrationState>(call, identity, stream, (_, after) =>
          call.answer(answerData(after, deps.time)),
        ),
    });
  },
  beforeAnswer: deviceListFollows,
};

function answerData(state: RegistrationState, time: ZonedTime): UserRegInfo {
  if (state.status === 'none') throw new Error('a terminal that has registered is known');
  return userRegInfo(state.registration, state.registrationStatus, time);
}
