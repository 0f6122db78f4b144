/** `docs/api.md §4 unreg` */
import { z } from 'zod';
import { unregister } from '../../commands/unregister.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import { name } from '../endpoint/parameters.ts';
import { deviceListFollows } from './device-list-follows.ts';

/** The text is not bounded: one that is too long is no package of the app. */
const unregParameters = z.object({ appPackage: name });
type UnregParameters = z.output<typeof unregParameters>;

/** `docs/api.md §4 unreg` */
export const unregEndpoint: EffectEndpoint<UnregParameters, null> = {
  type: 'effect',
  name: 'unreg',
  codes: ['B00001', 'H32005', 'B00004', 'A00004', 'D00008', 'H32006'],
  token: 'optional',
  parameters: unregParameters,
  data: z.null(),
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
