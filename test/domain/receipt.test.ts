/** docs/api.md §3 MessageInfo (what a report may do), §4 report. */
import { describe, expect, test } from 'vitest';
import type { ReceiptEvent } from '../../src/domain/events.ts';
import { type ReportCommand, receiptDecider, reportedStatus } from '../../src/domain/receipt.ts';
import type { ReportedStatus } from '../../src/domain/status.ts';
import { specOf } from '../support/given.ts';

const given = specOf(receiptDecider);
const target = { clientId: 'client-1', appPackage: 'com.example.phone' };
const report = (status: ReportedStatus, more: Partial<ReportCommand> = {}): ReportCommand => ({
  type: 'Report',
  msgId: 'm1',
  target,
  status,
  ...more,
});
const types = { 2: 'MessageReceived', 3: 'MessageDisplayed', 4: 'MessageAnswered' } as const;
const reported = (status: ReportedStatus, appPackage = target.appPackage): ReceiptEvent => ({
  type: types[status],
  data: { msgId: 'm1', clientId: 'client-1', appPackage },
});

describe('report', () => {
  test.each([2, 3, 4] as const)('%s may be the first: steps may be skipped', (status) => {
    given().when(report(status)).events(reported(status));
  });

  test.each([
    [2, 3],
    [2, 4],
    [3, 4],
  ] as const)('%s may be followed by %s', (before, status) => {
    given(reported(before)).when(report(status)).events(reported(status));
  });

  test.each([
    [2, 2],
    [3, 3],
    [4, 4],
    [3, 2],
    [4, 2],
    [4, 3],
  ] as const)('%s may not be followed by %s', (before, status) => {
    given(reported(before)).when(report(status)).refused('H32008');
  });

  test('the highest so far counts', () => {
    given(reported(2), reported(4)).when(report(3)).refused('H32008');
    given(reported(2), reported(3)).when(report(4)).events(reported(4));
  });

  test.each([5, 6] as const)('a target at %s takes no report', (closedBy) => {
    for (const status of [2, 3, 4] as const) given().when(report(status, { closedBy })).refused('H32008');
    given(reported(2)).when(report(3, { closedBy })).refused('H32008');
  });

  test('a terminal that is a target in several packages reports for each separately', () => {
    const other = { ...target, appPackage: 'com.example.tablet' };
    given(reported(4))
      .when(report(2, { target: other }))
      .events(reported(2, other.appPackage));
    given(reported(4), reported(2, other.appPackage))
      .when(report(2, { target: other }))
      .refused('H32008');
    given(reported(2), reported(4, other.appPackage)).when(report(3)).events(reported(3));
  });

  test('folding leaves the state before as it was', () => {
    const before = receiptDecider.evolve(receiptDecider.initialState(), reported(2));
    receiptDecider.evolve(before, reported(3));
    expect([...before]).toEqual([[target.appPackage, 2]]);
  });
});

test.each([2, 3, 4] as const)('an event stands for the status %s that made it', (status) => {
  expect(reportedStatus(reported(status))).toBe(status);
});
