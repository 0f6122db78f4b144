import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aloneIn, GROUP_SIZE, groupNamed, groupsOf, type TargetGroup } from '../../src/domain/dispatch-groups.ts';
import { channels, type Target } from '../../src/domain/events.ts';
import { aMessage, aTarget } from '../fixtures/samples.ts';

const phone = 'com.example.phone';
const tablet = 'com.example.tablet';

const manyOf = (count: number, overrides: Partial<Target> = {}): Target[] =>
  Array.from({ length: count }, (_, n) => aTarget({ clientId: `${n}`, ...overrides }));

describe('the groups of a message', () => {
  test('are one for each channel and app, numbered in the order of their first targets', () => {
    const targets = [
      aTarget({ clientId: 'a', appPackage: tablet }),
      aTarget({ clientId: 'b', appPackage: phone }),
      aTarget({ clientId: 'c', appPackage: phone, channel: 'm2m' }),
      aTarget({ clientId: 'd', appPackage: tablet }),
    ];
    expect(groupsOf(aMessage({ targets }))).toEqual([
      { group: '0', channel: 'jpush', appPackage: tablet, targets: ['a', 'd'] },
      { group: '1', channel: 'jpush', appPackage: phone, targets: ['b'] },
      { group: '2', channel: 'm2m', appPackage: phone, targets: ['c'] },
    ]);
  });

  test('are cut where a call is full', () => {
    const sizes = (count: number) =>
      groupsOf(aMessage({ targets: manyOf(count) })).map(({ targets }) => targets.length);
    expect(GROUP_SIZE).toBe(1000);
    expect(sizes(1000)).toEqual([1000]);
    expect(sizes(1001)).toEqual([1000, 1]);
    expect(sizes(2500)).toEqual([1000, 1000, 500]);
  });

  test('hold every target once, for any mixture', () => {
    const aMixture = fc.uniqueArray(
      fc.record({
        clientId: fc.string({ minLength: 1 }),
        appPackage: fc.constantFrom(phone, tablet, 'x y'),
        channel: fc.constantFrom(...channels),
      }),
      { minLength: 1, maxLength: 50, selector: ({ clientId, appPackage }) => JSON.stringify([clientId, appPackage]) },
    );
    fc.assert(
      fc.property(aMixture, (mixture) => {
        const message = aMessage({ targets: mixture.map((target) => aTarget(target)) });
        const groups = groupsOf(message);
        const grouped = groups.flatMap(({ channel, appPackage, targets }) =>
          targets.map((clientId) => ({ clientId, appPackage, channel })),
        );
        expect(new Set(grouped.map((target) => JSON.stringify(target))).size).toBe(mixture.length);
        expect(grouped).toEqual(expect.arrayContaining(mixture));
        expect(new Set(groups.map(({ group }) => group)).size).toBe(groups.length);
        for (const group of groups) expect(groupNamed(message, group.group)).toEqual(group);
      }),
    );
  });
});

describe('one target alone', () => {
  const message = aMessage({ targets: [...manyOf(3), ...manyOf(2, { appPackage: tablet })] });
  const [first, second] = groupsOf(message) as [TargetGroup, TargetGroup];

  test('is a group with a name of its own', () => {
    expect(aloneIn(message, first, ['2', '0'])).toEqual(['0-2', '0-0']);
    expect(groupNamed(message, '0-2')).toEqual({ ...first, group: '0-2', targets: ['2'] });
    expect(groupNamed(message, '1-0')).toEqual({ ...second, group: '1-0', targets: ['0'] });
  });

  test('may go another way than its group', () => {
    expect(groupNamed(message, '1-1', 'm2m')).toEqual({ ...second, group: '1-1', channel: 'm2m', targets: ['1'] });
  });

  test('keeps its name when it is taken from a group of one', () => {
    const alone = groupNamed(message, '0-2') as TargetGroup;
    expect(aloneIn(message, alone, ['2'])).toEqual(['0-2']);
  });

  test.each(['2', '0-3', '9-0', 'x'])('there is none called %s', (name) => {
    expect(groupNamed(message, name)).toBeUndefined();
  });
});
