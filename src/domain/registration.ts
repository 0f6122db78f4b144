/** A registration: one clientId in one appPackage (`docs/api.md §3 UserRegInfo`, `§4 register, unreg`). */
import { assertNever, type Decider, decided } from './decider.ts';
import type { EventData, Registration, RegistrationEvent } from './events.ts';
import { reject } from './result-codes.ts';
import { RegistrationStatus, statusAfterRegister } from './status.ts';

export type RegistrationState =
  | { readonly status: 'none' }
  | {
      readonly status: 'known';
      readonly registrationStatus: RegistrationStatus;
      readonly registration: Registration;
      /** Why, if it has ended; `registration` is as it was then. */
      readonly endedFor?: EventData<'ChannelUnregistered'>['reason'];
    };

export type RegistrationCommand =
  | {
      readonly type: 'Register';
      /** The fields of the request; `firstRegisteredAt` is used for a first registration only. */
      readonly registration: Registration;
    }
  /** The terminal's own wish; `userId` is that of the token, if there is one. */
  | { readonly type: 'Unregister'; readonly userId?: string | undefined }
  /** The provider does not know this pushId any more. */
  | { readonly type: 'RejectPushId'; readonly pushId: string };

/** The fields of the request replace the earlier ones; absent fields stay, but `userName` goes with its user. */
function merge(known: Registration, request: Registration): Registration {
  const sameUser = request.userId !== undefined && request.userId === known.userId;
  return {
    ...request,
    userName: userNameOf(request) ?? (sameUser ? known.userName : undefined),
    deviceId: request.deviceId ?? known.deviceId,
    deviceName: request.deviceName ?? known.deviceName,
    typeId: request.typeId ?? known.typeId,
    firstRegisteredAt: known.firstRegisteredAt,
  };
}

function isSame(one: Registration, other: Registration): boolean {
  const fields = new Set([...Object.keys(one), ...Object.keys(other)]) as ReadonlySet<keyof Registration>;
  return [...fields].every((field) => one[field] === other[field]);
}

/** A userName sent without a userId is ignored. */
function userNameOf(request: Registration): string | undefined {
  return request.userId === undefined ? undefined : request.userName;
}

export const registrationDecider: Decider<RegistrationState, RegistrationCommand, RegistrationEvent> = {
  initialState: () => ({ status: 'none' }),

  evolve(state, event) {
    switch (event.type) {
      case 'ChannelRegistered':
        return { status: 'known', registrationStatus: RegistrationStatus.registered, registration: event.data };
      case 'ChannelUpdated':
        return { status: 'known', registrationStatus: RegistrationStatus.updated, registration: event.data };
      case 'ChannelUnregistered':
        return state.status === 'none'
          ? state
          : { ...state, registrationStatus: RegistrationStatus.unregistered, endedFor: event.data.reason };
      default:
        return assertNever(event);
    }
  },

  decide(command, state) {
    switch (command.type) {
      case 'Register': {
        const request = command.registration;
        if (state.status === 'none')
          return decided({ type: 'ChannelRegistered', data: { ...request, userName: userNameOf(request) } });
        const data = merge(state.registration, request);
        if (statusAfterRegister(state.registrationStatus) === RegistrationStatus.registered)
          return decided({ type: 'ChannelRegistered', data });
        const isUpdatedAlready = state.registrationStatus === RegistrationStatus.updated;
        return isUpdatedAlready && isSame(state.registration, data)
          ? decided()
          : decided({ type: 'ChannelUpdated', data });
      }
      case 'Unregister': {
        if (!isRegistered(state)) return reject('H32006');
        const owner = state.registration.userId;
        if (owner !== undefined && command.userId === undefined) return reject('D00003');
        if (owner !== undefined && owner !== command.userId) return reject('D00008');
        return decided(unregistered(state.registration, 'requested'));
      }
      case 'RejectPushId':
        return isRegistered(state) && state.registration.pushId === command.pushId
          ? decided(unregistered(state.registration, 'pushIdRejected'))
          : decided();
      default:
        return assertNever(command);
    }
  },
};

function isRegistered(state: RegistrationState): state is Extract<RegistrationState, { status: 'known' }> {
  return state.status === 'known' && state.registrationStatus !== RegistrationStatus.unregistered;
}

function unregistered(registration: Registration, reason: 'requested' | 'pushIdRejected'): RegistrationEvent {
  const { clientId, appPackage } = registration;
  return { type: 'ChannelUnregistered', data: { clientId, appPackage, reason } };
}
