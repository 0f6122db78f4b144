/** `docs/api.md §4 report` */
import { z } from 'zod';
import { report } from '../../commands/report.ts';
import { msgIdPattern } from '../../domain/msg-id.ts';
import type { ReportedStatus } from '../../domain/status.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';

/** Texts are not bounded: what is not known is refused by what it should be. */
export const reportParameters = z.object({
  appPackage: z.string(),
  msgId: z.string(),
  status: z
    .int()
    .min(2)
    .max(4)
    .transform((value) => value as ReportedStatus),
});
export type ReportParameters = z.output<typeof reportParameters>;

/** `docs/api.md §4 report` */
export const reportEndpoint: EffectEndpoint<ReportParameters> = {
  type: 'effect',
  name: 'report',
  codes: ['B00001', 'H32005', 'B00004', 'A00004', 'D00008', 'H32007', 'H32008'],
  token: 'optional',
  parameters: reportParameters,
  data: { type: 'null' },
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
