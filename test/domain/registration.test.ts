/** docs/api.md §3 UserRegInfo, §4 register and unreg; docs/architecture.md §Delivery on rejected pushIds. */
import { describe, expect, test } from 'vitest';
import type { Registration, RegistrationEvent } from '../../src/domain/events.ts';
import { registrationDecider } from '../../src/domain/registration.ts';
import { aRegistration, channelRegistered, channelUpdated } from '../fixtures/samples.ts';
import { specOf } from '../support/given.ts';

const given = specOf(registrationDecider);
const LATER = '2026-05-05T05:05:05.555Z';

const register = (registration: Partial<Registration> = {}) =>
  ({ type: 'Register', registration: aRegistration({ firstRegisteredAt: LATER, ...registration }) }) as const;
const unregister = (userId?: string) => ({ type: 'Unregister', userId }) as const;
const rejectPushId = (pushId: string) => ({ type: 'RejectPushId', pushId }) as const;
const unregistered = (reason: 'requested' | 'pushIdRejected' = 'requested'): RegistrationEvent => ({
  type: 'ChannelUnregistered',
  data: { clientId: 'client-1', appPackage: 'com.example.phone', reason },
});

describe('register', () => {
  test('a terminal for the first time is registered with all that the request carries', () => {
    const carried: Partial<Registration> = {
      userId: 'user-1',
      userName: '王',
      deviceId: 'device-1',
      deviceName: 'fridge',
      deviceType: '04',
      typeId: 'type-1',
      firstRegisteredAt: LATER,
    };
    given().when(register(carried)).events(channelRegistered(carried));
  });

  test('a registered one is updated, also when nothing is different (1→3)', () => {
    given(channelRegistered()).when(register()).events(channelUpdated());
  });

  test('an updated one is updated again by what is different (3→3)', () => {
    const known: Partial<Registration> = { userId: 'a', userName: 'a', deviceId: 'a' };
    const changes: Partial<Registration>[] = [
      { pushId: 'b' },
      { appId: 'b' },
      { userName: 'b' },
      { deviceId: 'b' },
      { deviceName: 'b' },
      { typeId: 'b' },
      { deviceType: '08' },
    ];
    for (const change of changes)
      given(channelRegistered(known), channelUpdated(known))
        .when(register({ ...known, ...change }))
        .events(channelUpdated({ ...known, ...change }));
    const nobodys = { ...known, userId: undefined, userName: undefined };
    given(channelRegistered(known), channelUpdated(known))
      .when(register({ deviceId: 'a' }))
      .events(channelUpdated(nobodys));
  });

  test('an updated one stays as it is when nothing is different', () => {
    const known: Partial<Registration> = { userId: 'a', userName: 'a', deviceId: 'a', typeId: 'a' };
    const updated = given(channelRegistered(known), channelUpdated(known));
    updated.when(register({ ...known, firstRegisteredAt: LATER })).nothing();
    // What a request does not carry stays, so it changes nothing either.
    updated.when(register({ userId: 'a' })).nothing();
    updated.when(register({ ...known, deviceName: undefined })).nothing();
  });

  test('an unregistered one is registered again (2→1)', () => {
    given(channelRegistered(), unregistered()).when(register()).events(channelRegistered());
    given(channelRegistered(), channelUpdated(), unregistered()).when(register()).events(channelRegistered());
    given(channelRegistered(), unregistered('pushIdRejected')).when(register()).events(channelRegistered());
  });

  test('the time of the first registration stays, over updates and unregistering', () => {
    const first = '2025-01-01T00:00:00.000Z';
    given(channelRegistered({ firstRegisteredAt: first }))
      .when(register())
      .events(channelUpdated({ firstRegisteredAt: first }));
    given(channelRegistered({ firstRegisteredAt: first }), unregistered())
      .when(register())
      .events(channelRegistered({ firstRegisteredAt: first }));
  });

  test('the fields of the request replace the earlier ones', () => {
    const before: Partial<Registration> = { pushId: 'a', deviceId: 'a', deviceName: 'a', typeId: 'a', userId: 'a' };
    const carried: Partial<Registration> = {
      pushId: 'b',
      deviceId: 'b',
      deviceName: 'b',
      typeId: 'b',
      userId: 'b',
      userName: 'b',
      deviceType: '08',
      collab3th: 1,
      appId: 'b',
    };
    given(channelRegistered(before)).when(register(carried)).events(channelUpdated(carried));
  });

  test.each(['deviceId', 'deviceName', 'typeId'] as const)('a %s that the request does not carry stays', (field) => {
    const known = { [field]: 'known' };
    given(channelRegistered(known)).when(register()).events(channelUpdated(known));
    given(channelRegistered(known), unregistered()).when(register()).events(channelRegistered(known));
    given(channelRegistered({ ...known, userId: 'user-1' }))
      .when(register({ userId: 'user-2' }))
      .events(channelUpdated({ ...known, userId: 'user-2' }));
  });

  describe('userName goes with its user:', () => {
    const named = { userId: 'user-1', userName: '王' };

    test('the same user keeps it', () => {
      given(channelRegistered(named))
        .when(register({ userId: 'user-1' }))
        .events(channelUpdated(named));
    });

    test('the same user may change it', () => {
      given(channelRegistered(named))
        .when(register({ userId: 'user-1', userName: '李' }))
        .events(channelUpdated({ userId: 'user-1', userName: '李' }));
    });

    test('another user does not get it', () => {
      given(channelRegistered(named))
        .when(register({ userId: 'user-2' }))
        .events(channelUpdated({ userId: 'user-2' }));
      given(channelRegistered(named))
        .when(register({ userId: 'user-2', userName: '李' }))
        .events(channelUpdated({ userId: 'user-2', userName: '李' }));
    });

    test('without a user there is none', () => {
      given(channelRegistered(named)).when(register()).events(channelUpdated());
    });

    test('one sent without a userId is ignored', () => {
      given()
        .when(register({ userName: '李' }))
        .events(channelRegistered({ firstRegisteredAt: LATER }));
      given(channelRegistered(named))
        .when(register({ userName: '李' }))
        .events(channelUpdated());
    });

    test('a user that left and comes back has lost it', () => {
      given(channelRegistered(named), channelUpdated())
        .when(register({ userId: 'user-1' }))
        .events(channelUpdated({ userId: 'user-1' }));
    });

    test('the same user keeps it over unregistering', () => {
      given(channelRegistered(named), unregistered())
        .when(register({ userId: 'user-1' }))
        .events(channelRegistered(named));
    });
  });

  test('with no userId the terminal belongs to no user', () => {
    const { state } = given(channelRegistered({ userId: 'user-1' }), channelUpdated());
    expect(state).toMatchObject({ status: 'known', registration: { clientId: 'client-1' } });
    expect(state.status === 'known' && state.registration.userId).toBeUndefined();
  });
});

describe('unreg', () => {
  test('of a terminal that was never registered is refused', () => {
    given().when(unregister()).refused('H32006');
    given().when(unregister('user-1')).refused('H32006');
  });

  test('ends a registration, registered or updated', () => {
    given(channelRegistered()).when(unregister()).events(unregistered());
    given(channelRegistered(), channelUpdated()).when(unregister()).events(unregistered());
    given(channelRegistered(), unregistered(), channelRegistered()).when(unregister()).events(unregistered());
  });

  test('twice is refused, for any user and after any end', () => {
    for (const end of [unregistered(), unregistered('pushIdRejected')])
      for (const userId of [undefined, 'user-1', 'user-2'])
        given(channelRegistered({ userId: 'user-1' }), end)
          .when(unregister(userId))
          .refused('H32006');
  });

  test('of a user needs that user’s token', () => {
    const history = channelRegistered({ userId: 'user-1' });
    given(history).when(unregister('user-1')).events(unregistered());
    given(history).when(unregister('user-2')).refused('D00008');
    given(history).when(unregister()).refused('D00003');
  });

  test('of a terminal without a user needs none, and any will do', () => {
    given(channelRegistered()).when(unregister()).events(unregistered());
    given(channelRegistered()).when(unregister('user-2')).events(unregistered());
  });

  test('asks the newest user', () => {
    const history = [channelRegistered({ userId: 'user-1' }), channelUpdated({ userId: 'user-2' })];
    given(...history)
      .when(unregister('user-1'))
      .refused('D00008');
    given(...history)
      .when(unregister('user-2'))
      .events(unregistered());
  });
});

describe('a pushId that the provider rejects', () => {
  test('ends the registration', () => {
    given(channelRegistered({ pushId: 'dead' }))
      .when(rejectPushId('dead'))
      .events(unregistered('pushIdRejected'));
  });

  test('ends nothing if the terminal has a newer one', () => {
    given(channelRegistered({ pushId: 'dead' }), channelUpdated({ pushId: 'alive' }))
      .when(rejectPushId('dead'))
      .nothing();
  });

  test('ends nothing that is not registered', () => {
    given().when(rejectPushId('dead')).nothing();
    given(channelRegistered({ pushId: 'dead' }), unregistered())
      .when(rejectPushId('dead'))
      .nothing();
    given(channelRegistered({ pushId: 'dead' }), unregistered('pushIdRejected'))
      .when(rejectPushId('dead'))
      .nothing();
  });

  test('ends the user’s registration without a token', () => {
    given(channelRegistered({ pushId: 'dead', userId: 'user-1' }))
      .when(rejectPushId('dead'))
      .events(unregistered('pushIdRejected'));
  });
});

test('why it ended is known until it is registered again, along with how it was then', () => {
  const registration = aRegistration({ pushId: 'dead' });
  for (const reason of ['requested', 'pushIdRejected'] as const)
    expect(given(channelRegistered({ pushId: 'dead' }), unregistered(reason)).state).toMatchObject({
      endedFor: reason,
      registration,
    });
  const again = given(channelRegistered(), unregistered('pushIdRejected'), channelRegistered());
  expect(again.state).not.toHaveProperty('endedFor');
});

test('an unregistering with nothing before it changes nothing', () => {
  expect(given(unregistered()).state).toEqual({ status: 'none' });
});
