import { describe, expect, test } from 'vitest';
import { child } from './child.ts';

/** Says `ready`, then which signal asked, and lives on until it is killed. */
const waiting = `
  import { stopSignal } from 'src/roles/stop-signal.ts';
  const stop = stopSignal();
  setInterval(() => undefined, 1000);
  console.log('ready');
  console.log('asked', await stop.asked);
`;

describe('the stop signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s asks, and does not end the process', async (signal) => {
    const it = child(waiting);
    await it.says('ready');
    it.process.kill(signal);
    await it.says(`asked ${signal}`);
    expect(it.process.exitCode).toBeNull();
    expect(it.process.signalCode).toBeNull();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('a second one, %s, insists', async (second) => {
    const it = child(waiting);
    await it.says('ready');
    it.process.kill('SIGTERM');
    await it.says('asked');
    it.process.kill(second);
    expect(await it.ended).toEqual({ code: 1, signal: null });
  });

  test('once disposed of, a signal does again what it does by itself', async () => {
    const it = child(`${waiting}
      stop.dispose();
      console.log('disposed');
    `);
    await it.says('ready');
    it.process.kill('SIGTERM');
    await it.says('disposed');
    it.process.kill('SIGTERM');
    expect(await it.ended).toEqual({ code: null, signal: 'SIGTERM' });
  });
});
