import { unregister } from '../../commands/unregister.ts';
import { causeOf } from '../cause.ts';
import type { EffectEndpoint } from '../endpoint.ts';
import { type UnregParameters, unregParameters } from '../schemas/unreg.ts';
import { deviceListFollows } from './device-list-follows.ts';

/** `contract.md §4 unreg` */
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
  settle: deviceListFollows,
};
