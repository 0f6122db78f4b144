/** The look-alike as a process of its own. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { app, pushTo } from './support.ts';

it('prints its URL, takes pushes, and ends on SIGTERM', async () => {
  const script = new URL('../../../src/sandbox/jpush/standalone.ts', import.meta.url).pathname;
  const settings = ['--app', `${app.appKey}:${app.masterSecret}`, '--rate', '0', '--adopt-unknown'];
  const child = spawn(process.execPath, [script, ...settings], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const [line] = await once(child.stdout, 'data');
  const url = String(line).trim();
  const { status, headers } = await fetch(`${url}/v3/push`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${app.appKey}:${app.masterSecret}`)}` },
    body: JSON.stringify(pushTo(['a'])),
  });
  expect([status, headers.get('x-rate-limit-limit')]).toEqual([200, null]);
  expect(await (await fetch(`${url}/sandbox/counts`)).json()).toMatchObject({ accepted: 1, targets: 1 });
  child.kill('SIGTERM');
  expect((await exited)[0]).toBe(0);
});
