import { report } from '../../commands/report.ts';
import { msgIdPattern } from '../../domain/msg-id.ts';
import { causeOf } from '../cause.ts';
import type { EffectEndpoint } from '../endpoint.ts';
import { type ReportParameters, reportParameters } from '../schemas/report.ts';

/** `contract.md §4 report` */
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
  settle({ written }, _call, { msgId }, { position }) {
    written.note(msgId, position);
  },
};
