/** `docs/api.md §4 report` */
import { z } from 'zod';
import { report } from '../../commands/report.ts';
import { msgIdPattern } from '../../domain/msg-id.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import { name } from '../endpoint/parameters.ts';

/** The texts are not bounded: one that is too long is no package of the app and no message's id. */
const reportParameters = z.object({ appPackage: name, msgId: name, status: z.literal([2, 3, 4]) });
type ReportParameters = z.output<typeof reportParameters>;

/** `docs/api.md §4 report` */
export const reportEndpoint: EffectEndpoint<ReportParameters, null> = {
  type: 'effect',
  name: 'report',
  codes: ['B00001', 'H32005', 'B00004', 'A00004', 'D00008', 'H32007', 'H32008'],
  token: 'optional',
  parameters: reportParameters,
  data: z.null(),
  run({ deps }, call, parameters, identity) {
    const { msgId } = parameters;
    if (msgIdPattern.test(msgId)) call.line.msgId = msgId;
    return report(deps.log, {
      ...parameters,
      app: call.app,
      clientId: call.clientId,
      tokenUserId: call.user?.userId,
      cause: causeOf(call, identity, msgId, () => call.answer(null)),
    });
  },
  beforeAnswer({ written }, _call, { msgId }, { position }) {
    written.note(msgId, position);
  },
};
