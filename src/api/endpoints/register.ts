import { register } from '../../commands/register.ts';
import type { RegistrationEvent } from '../../domain/events.ts';
import { RegistrationStatus } from '../../domain/status.ts';
import type { ZonedTime } from '../../domain/time.ts';
import { causeOf } from '../cause.ts';
import type { EffectEndpoint } from '../endpoint.ts';
import { type RegisterParameters, registerParameters } from '../schemas/register.ts';
import { userRegInfo, userRegInfoSchema } from '../user-reg-info.ts';
import { deviceListFollows } from './device-list-follows.ts';

/** `contract.md §4 register` */
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
  settle: deviceListFollows,
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
