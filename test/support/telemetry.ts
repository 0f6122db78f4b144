/** A telemetry that keeps every change of state, as `part state: detail`. */
import type { Telemetry } from '../../src/ports/telemetry.ts';

export function recordedTelemetry() {
  const changes: string[] = [];
  const last = new Map<string, string>();
  const telemetry: Pick<Telemetry, 'report'> = {
    report(part, { state, detail }) {
      if (last.get(part) === state) return;
      last.set(part, state);
      changes.push(detail === undefined ? `${part} ${state}` : `${part} ${state}: ${detail}`);
    },
  };
  return { changes, telemetry };
}
