/** Times in the service's zone (docs/api.md §2 Answers, §3 msgId), against Intl as the judge. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { zonedTime } from '../../src/domain/time.ts';

const zones = [
  'Asia/Shanghai',
  'UTC',
  'America/New_York',
  'Asia/Kathmandu',
  'Pacific/Chatham',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Pacific/Apia',
  'America/Caracas',
  'Asia/Pyongyang',
];
/** Before, a zone (Newfoundland) changed its clocks a minute past the quarter, which UMS need not know. */
const MIN = Date.UTC(2012, 0, 1);
const MAX = Date.UTC(2099, 11, 31);

/** The same in another way; Swedish dates are ISO dates. */
function judge(timeZone: string): (instant: number) => string {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  return (instant) => format.format(instant);
}

describe('display', () => {
  test.each([
    ['Asia/Shanghai', '2026-03-01T02:03:04.999Z', '2026-03-01 10:03:04'],
    ['Asia/Shanghai', '2025-12-31T16:00:00.000Z', '2026-01-01 00:00:00'],
    ['UTC', '2024-02-29T23:59:59.999Z', '2024-02-29 23:59:59'],
    ['Asia/Kathmandu', '2026-03-01T18:14:59.000Z', '2026-03-01 23:59:59'],
    ['Asia/Kathmandu', '2026-03-01T18:15:00.000Z', '2026-03-02 00:00:00'],
    ['America/St_Johns', '2026-01-15T03:29:59.000Z', '2026-01-14 23:59:59'],
    ['America/New_York', '2026-03-08T06:59:59.000Z', '2026-03-08 01:59:59'],
    ['America/New_York', '2026-03-08T07:00:00.000Z', '2026-03-08 03:00:00'],
    ['America/New_York', '2026-11-01T05:59:59.000Z', '2026-11-01 01:59:59'],
    ['America/New_York', '2026-11-01T06:00:00.000Z', '2026-11-01 01:00:00'],
  ])('in %s %s is %s', (zone, instant, text) => {
    const time = zonedTime(zone);
    expect(time.display(instant)).toBe(text);
    expect(time.display(Date.parse(instant))).toBe(text);
  });

  test.each(zones)('in %s it agrees with Intl, in any order of calls', (zone) => {
    const [time, judged] = [zonedTime(zone), judge(zone)];
    fc.assert(
      fc.property(fc.array(fc.integer({ min: MIN, max: MAX }), { maxLength: 5 }), (instants) => {
        for (const instant of instants) expect(time.display(instant)).toBe(judged(instant));
      }),
    );
  });

  test.each(zones)('in %s it agrees with Intl on both sides of every quarter of an hour of a year', (zone) => {
    const [time, judged] = [zonedTime(zone), judge(zone)];
    const QUARTER_MS = 15 * 60_000;
    const wrong: number[] = [];
    // 7 quarters make a step that meets every quarter of the day in turn.
    for (let instant = Date.UTC(2026, 0, 1); instant < Date.UTC(2027, 0, 1); instant += 7 * QUARTER_MS)
      for (const near of [instant - 1, instant]) if (time.display(near) !== judged(near)) wrong.push(near);
    expect(wrong).toEqual([]);
  });

  test('a text that is no time is an error', () => {
    expect(() => zonedTime('UTC').display('yesterday')).toThrow(RangeError);
  });
});

describe('stamp', () => {
  test('is the same with milliseconds and no separators', () => {
    const time = zonedTime('Asia/Shanghai');
    expect(time.stamp(Date.parse('2026-03-01T02:03:04.005Z'))).toBe('20260301100304005');
    fc.assert(
      fc.property(fc.integer({ min: MIN, max: MAX }), (instant) => {
        const milliseconds = String(instant % 1000).padStart(3, '0');
        expect(time.stamp(instant)).toBe(time.display(instant).replace(/[- :]/g, '') + milliseconds);
      }),
    );
  });

  test.each([
    ['America/New_York', '2026-07-01T12:00:00.000Z', '20260701070000000'],
    ['America/New_York', '2026-12-01T12:00:00.000Z', '20261201070000000'],
    ['Europe/Dublin', '2026-07-01T12:00:00.000Z', '20260701120000000'],
    ['Australia/Lord_Howe', '2026-01-01T12:00:00.000Z', '20260101223000000'],
    ['Pacific/Chatham', '2026-01-01T12:00:00.000Z', '20260102004500000'],
    ['Africa/Casablanca', '2026-03-01T12:00:00.000Z', '20260301130000000'],
  ])('in %s %s is %s, at the standard offset', (zone, instant, stamp) => {
    expect(zonedTime(zone).stamp(Date.parse(instant))).toBe(stamp);
  });

  test.each([...zones, 'Africa/Casablanca', 'Europe/Dublin'])(
    'in %s it sorts by time, whatever the clocks there do',
    (zone) => {
      const time = zonedTime(zone);
      const instant = fc.integer({ min: MIN, max: MAX });
      const nearby = fc.integer({ min: -2 * 3_600_000, max: 2 * 3_600_000 });
      fc.assert(
        fc.property(instant, fc.oneof(instant, nearby), (one, other) => {
          const two = Math.abs(other) <= 2 * 3_600_000 ? one + other : other;
          expect(time.stamp(one) < time.stamp(two)).toBe(one < two);
        }),
      );
    },
  );

  test('two instants an hour apart, between which the clocks are set back, differ and stay in order', () => {
    const time = zonedTime('America/New_York');
    const [before, after] = ['2026-11-01T05:30:00.000Z', '2026-11-01T06:30:00.000Z'].map(Date.parse) as [
      number,
      number,
    ];
    expect(time.display(before)).toBe(time.display(after));
    expect(time.stamp(before) < time.stamp(after)).toBe(true);
  });
});

test('a zone that is not known is refused', () => {
  expect(() => zonedTime('Asia/Atlantis')).toThrow(RangeError);
});
