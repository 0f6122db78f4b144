import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Logger } from '../../../src/ports/logger.ts';
import type { PartStatus } from '../../../src/ports/telemetry.ts';
import { collectTelemetry, forwardTelemetry } from '../../../src/roles/process/telemetry.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function collected() {
  const lines: string[] = [];
  const fields: object[] = [];
  const write =
    (level: string): Logger['info'] =>
    (about, text) => {
      const { part, detail } = about as { part: string; detail?: string };
      fields.push(about);
      lines.push(`${level} ${part}: ${text}${detail === undefined ? '' : ` (${detail})`}`);
    };
  const logger: Logger = { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') };
  let now = Date.parse('2026-03-01T00:00:00.000Z');
  const telemetry = collectTelemetry(logger, {
    now: () => {
      now += 1000;
      return now;
    },
  });
  return { ...telemetry, lines, fields };
}

describe('a collector', () => {
  test('writes one line for each change of state, none while it stays, and none for a normal start', () => {
    const { report, lines } = collected();
    report('a', { state: 'catchingUp' });
    for (const lagEvents of [2, 1, 0]) report('a', { state: 'up', lagEvents });
    report('b', { state: 'up' });
    for (const detail of ['away', 'still away']) report('a', { state: 'waiting', detail });
    report('a', { state: 'up' });
    report('a', { state: 'catchingUp' });
    report('a', { state: 'up' });
    report('a', { state: 'failed', detail: 'poison' });
    expect(lines).toEqual([
      'warn a: part is waiting (away)',
      'info a: part is up again',
      'info a: part is catching up',
      'info a: part is up again',
      'error a: part has failed (poison)',
    ]);
  });

  test('repeats once a minute that a part has failed, until it is well', () => {
    const { report, lines, stop } = collected();
    report('a', { state: 'failed', detail: 'poison' });
    vi.advanceTimersByTime(59_999);
    expect(lines).toHaveLength(1);
    vi.advanceTimersByTime(120_001);
    const again = 'error a: a part has failed and needs a person (poison)';
    expect(lines.slice(1)).toEqual([again, again, again]);
    report('a', { state: 'up' });
    vi.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(5);
    report('a', { state: 'failed' });
    stop();
    vi.advanceTimersByTime(600_000);
    expect(lines).toHaveLength(6);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('knows each part as it last reported, and since when it is so', () => {
    const { report, parts } = collected();
    report('a', { state: 'up', lagEvents: 3, lagSeconds: 2 });
    report('b', { state: 'waiting', detail: 'away' });
    report('a', { state: 'up', lagEvents: 0, lagSeconds: 0 });
    expect(parts()).toEqual([
      { part: 'a', state: 'up', lagEvents: 0, lagSeconds: 0, since: '2026-03-01T00:00:01.000Z' },
      { part: 'b', state: 'waiting', detail: 'away', since: '2026-03-01T00:00:02.000Z' },
    ]);
  });

  test('does not grow with names that a defect makes up', () => {
    const { report, parts } = collected();
    for (let n = 0; n < 1000; n += 1) report(`part-${n}`, { state: 'up' });
    expect(parts()).toHaveLength(256);
  });
});

describe('the telemetry of another thread', () => {
  function forwarded() {
    const sent: (readonly [string, PartStatus])[] = [];
    return { ...forwardTelemetry((part, status) => sent.push([part, status])), sent };
  }

  test('sends a change at once', () => {
    const { report, sent } = forwarded();
    report('a', { state: 'up' });
    report('a', { state: 'waiting', detail: 'one' });
    report('a', { state: 'waiting', detail: 'two' });
    expect(sent.map(([, { state }]) => state)).toEqual(['up', 'waiting', 'waiting']);
  });

  test('sends figures once a second, and the last ones for sure', () => {
    const { report, sent } = forwarded();
    for (const lagEvents of [9, 8, 7, 0]) report('a', { state: 'up', lagEvents });
    expect(sent).toHaveLength(1);
    vi.advanceTimersByTime(1000);
    expect(sent.at(-1)).toEqual(['a', { state: 'up', lagEvents: 0 }]);
    vi.advanceTimersByTime(10_000);
    expect(sent).toHaveLength(2);
  });

  test('sends no figures that a change has overtaken', () => {
    const { report, sent } = forwarded();
    report('a', { state: 'up', lagEvents: 0 });
    report('a', { state: 'up', lagEvents: 5 });
    report('a', { state: 'failed' });
    vi.advanceTimersByTime(10_000);
    expect(sent.map(([, { state }]) => state)).toEqual(['up', 'failed']);
  });
});
