/** `docs/api.md §4 unreg` */
import { z } from 'zod';
import { unregister } from '../../commands/unregister.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import { deviceListFollows } from './device-list-follows.ts';

/** Texts are not bounded: what is not known is refused by what it should be. */
export const unregParameters = z.object({ appPackage: z.string() });
export type UnregParameters = z.output<typeof unregParameters>;

/** `docs/api.md §4 unreg` */
export const unregEndpoint: EffectEndpoint<UnregParameters> = {
  type: 'effect',
  name: 'unreg',
  codes: ['B00001', 'H32005', 'B00004', 'A00004', 'D00008', 'H32006'],
  token: 'optional',
  parameters: unregParameters,
  data: { type: 'null' },
  run({ deps }, call, { appPackage }, identity) {
    return unregister(deps.log, {
      app: call.app,
      clientId: call.clientId,
      appPackage,
      tokenUserId: call.user?.userId,
      causeFor: (stream) => causeOf(call, identity, stream, () => call.answer(null)),
    });
  },
  beforeAnswer: deviceListFollows,
};
