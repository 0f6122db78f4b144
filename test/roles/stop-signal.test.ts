import { describe, expect, test } from 'vitest';
import { child } from './child.ts';

/** Says `ready`, then which signal asked, and lives on until it is killed. */
const waitingWith = (sameWithinMs: string) => `
  import { stopSignal } from 'src/roles/stop-signal.ts';
  const stop = stopSignal(${sameWithinMs});
  setInterval(() => undefined, 1000);
  console.log('ready');
  console.log('asked', await stop.asked);
`;
const waiting = waitingWith('');

describe('the stop signal', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s asks, and does not end the process', async (signal) => {
    const it = child(waiting);
    await it.says('ready');
    it.process.kill(signal);
    await it.says(`asked ${signal}`);
    expect(it.process.exitCode).toBeNull();
    expect(it.process.signalCode).toBeNull();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('a SIGINT a while after %s insists', async (first) => {
    const it = child(waitingWith('0'));
    await it.says('ready');
    it.process.kill(first);
    await it.says('asked');
    it.process.kill('SIGINT');
    expect(await it.ended).toEqual({ code: 130, signal: null });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'a SIGTERM a while after %s, as supervisors repeat it, does not',
    async (first) => {
      const it = child(`${waitingWith('0')}
      process.on('SIGTERM', () => console.log('still here'));
      console.log('listening');
    `);
      await it.says('ready');
      it.process.kill(first);
      await it.says('listening');
      it.process.kill('SIGTERM');
      await it.says('still here');
      expect(it.process.exitCode).toBeNull();
    },
  );

  test('one that comes twice at once, from the terminal and from npm, is one', async () => {
    const it = child(`${waitingWith('60_000')}
      process.on('SIGINT', () => console.log('still here'));
      console.log('listening');
    `);
    await it.says('ready');
    it.process.kill('SIGINT');
    await it.says('listening');
    it.process.kill('SIGINT');
    await it.says('still here');
    expect(it.process.exitCode).toBeNull();
  });
});
