/** docs/api.md §4: which terminals a channel reaches, and how large a message may be. */
import { describe, expect, test } from 'vitest';
import { channelOf, isChannelFor, maxMessageBytes, servesPackage } from '../../src/domain/channels.ts';
import { deviceTypes } from '../../src/domain/events.ts';

describe('a channel', () => {
  test('is what collab3th asks for', () => {
    expect(channelOf({ collab3th: 0 })).toBe('jpush');
    expect(channelOf({ collab3th: 1 })).toBe('m2m');
  });

  test.each(deviceTypes)('of JPush reaches every type, M2M speakers only: %s', (type) => {
    expect(isChannelFor(type, 0)).toBe(true);
    expect(isChannelFor(type, 1)).toBe(type === '08');
    expect(isChannelFor(type, 2)).toBe(false);
  });

  test('of JPush needs an account of the package', () => {
    const jpush = { appKey: 'key', masterSecret: 'secret' };
    expect(servesPackage({ appPackage: 'com.example.phone', jpush }, { collab3th: 0 })).toBe(true);
    expect(servesPackage({ appPackage: 'com.example.phone' }, { collab3th: 0 })).toBe(false);
    expect(servesPackage({ appPackage: 'com.example.phone' }, { collab3th: 1 })).toBe(true);
  });

  test('limits a message; with both the smaller limit holds', () => {
    expect(maxMessageBytes(['m2m', 'm2m'])).toBe(65_536);
    expect(maxMessageBytes(['jpush'])).toBe(3_072);
    expect(maxMessageBytes(['m2m', 'jpush'])).toBe(3_072);
  });
});
