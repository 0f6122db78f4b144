import { describe, expect, test } from 'vitest';
import { child } from './child.ts';

/** Says `ready`, then which signal asked, and lives on until it is killed. */
const waitingWith = (sameWithinMs: string) => `
  import { stopSignal } from 'src/roles/process/stop-signal.ts';
  const stop = stopSignal(${sameWithinMs});
  setInterval(() => undefined, 1000);
  console.log('ready');
  console.log('asked', await stop.asked);
`;
const waiting = waitingWith('');

describe('the stop signal', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s asks, and does not end the process', async (signal) => {
    const rig = child(waiting);
    await rig.says('ready');
    rig.process.kill(signal);
    await rig.says(`asked ${signal}`);
    expect(rig.process.exitCode).toBeNull();
    expect(rig.process.signalCode).toBeNull();
  });

  test.each(['SIGTERM', 'SIGINT'] as const)('a SIGINT a while after %s insists', async (first) => {
    const rig = child(waitingWith('0'));
    await rig.says('ready');
    rig.process.kill(first);
    await rig.says('asked');
    rig.process.kill('SIGINT');
    expect(await rig.ended).toEqual({ code: 130, signal: null });
  });

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'a SIGTERM a while after %s, as supervisors repeat it, does not',
    async (first) => {
      const rig = child(`${waitingWith('0')}
      process.on('SIGTERM', () => console.log('still here'));
      console.log('listening');
    `);
      await rig.says('ready');
      rig.process.kill(first);
      await rig.says('listening');
      rig.process.kill('SIGTERM');
      await rig.says('still here');
      expect(rig.process.exitCode).toBeNull();
    },
  );

  test('one that comes twice at once, from the terminal and from npm, is one', async () => {
    const rig = child(`${waitingWith('60_000')}
      process.on('SIGINT', () => console.log('still here'));
      console.log('listening');
    `);
    await rig.says('ready');
    rig.process.kill('SIGINT');
    await rig.says('listening');
    rig.process.kill('SIGINT');
    await rig.says('still here');
    expect(rig.process.exitCode).toBeNull();
  });
});
