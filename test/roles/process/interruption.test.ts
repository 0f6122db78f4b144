import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyFolder } from '../../config/support.ts';
import { child } from './child.ts';

const making = (draft: string, after = '') => `
  import { rmSync, writeFileSync } from 'node:fs';
  import { onInterruption } from 'src/roles/process/interruption.ts';
  writeFileSync(${JSON.stringify(draft)}, '');
  const interruption = onInterruption(() => rmSync(${JSON.stringify(draft)}));
  ${after}
  setInterval(() => undefined, 1000);
  console.log('ready');
`;

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends a command, which undoes what it did first',
  async (signal) => {
    const draft = join(emptyFolder(), 'draft');
    const rig = child(making(draft));
    await rig.says('ready');
    rig.process.kill(signal);
    expect(await rig.ended).toEqual({ code: null, signal });
    expect(existsSync(draft)).toBe(false);
  },
);

test('nothing is undone once it is over', async () => {
  const draft = join(emptyFolder(), 'draft');
  const rig = child(making(draft, 'interruption.over();'));
  await rig.says('ready');
  rig.process.kill('SIGTERM');
  expect(await rig.ended).toEqual({ code: null, signal: 'SIGTERM' });
  expect(existsSync(draft)).toBe(true);
});
