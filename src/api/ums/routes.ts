/** The endpoints of terminals (`docs/api.md §4`). */

import type { Mount } from '../endpoint/mount.ts';
import { devlistEndpoint } from './devlist.ts';
import { getmsgstatEndpoint } from './getmsgstat.ts';
import { msgPushEndpoint, msgPushtryEndpoint } from './push.ts';
import { registerEndpoint } from './register.ts';
import { reportEndpoint } from './report.ts';
import { unregEndpoint } from './unreg.ts';

export function mountUms(mount: Mount): void {
  const at = { prefix: '/ums/v2', caller: 'terminal' } as const;
  mount(at, registerEndpoint);
  mount(at, unregEndpoint);
  mount(at, devlistEndpoint);
  mount(at, msgPushEndpoint);
  mount(at, msgPushtryEndpoint);
  mount(at, getmsgstatEndpoint);
  mount(at, reportEndpoint);
}
