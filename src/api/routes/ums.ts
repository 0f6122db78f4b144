/** The endpoints of terminals (`contract.md §4`). */
import { devlistEndpoint } from '../endpoints/devlist.ts';
import { getmsgstatEndpoint } from '../endpoints/getmsgstat.ts';
import { msgPushEndpoint, msgPushtryEndpoint } from '../endpoints/push.ts';
import { registerEndpoint } from '../endpoints/register.ts';
import { reportEndpoint } from '../endpoints/report.ts';
import { unregEndpoint } from '../endpoints/unreg.ts';
import type { Mount } from '../mount.ts';

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
