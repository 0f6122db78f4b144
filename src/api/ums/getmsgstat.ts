/** `docs/api.md §4 getmsgstat` */
import { z } from 'zod';
import { reject } from '../../domain/result-codes.ts';
import { hasFailed, projectionPart } from '../../ports/telemetry.ts';
import { messageStatus } from '../../queries/message-status.ts';
import type { MessageParts } from '../../queries/message-view.ts';
import type { ReadEndpoint } from '../endpoint/endpoint.ts';
import { name } from '../endpoint/parameters.ts';
import { type MessageInfo, messageInfo, messageInfoSchema } from '../views/message-info.ts';

/** The text is not bounded: one that is too long is no message's id. */
const getmsgstatParameters = z.object({ msgId: name });

/** `docs/api.md §4 getmsgstat` */
export const getmsgstatEndpoint: ReadEndpoint<{ msgId: string }, MessageInfo> = {
  type: 'read',
  name: 'getmsgstat',
  codes: ['B00001', 'B00004', 'H32007'],
  token: 'required',
  parameters: getmsgstatParameters,
  aliases: { megId: 'msgId' },
  data: messageInfoSchema,
  async run({ deps, written }, call, { msgId }) {
    const { log, documents, telemetry } = deps;
    const reached: typeof documents.reached = (...wait) => call.outside(documents.reached(...wait));
    const hasStopped = (readModel: string): boolean => hasFailed(telemetry, projectionPart(readModel));
    const message = await messageStatus({ log, documents, written, reached, hasStopped }, msgId);
    if (message === undefined || !mayAsk(message, call.user?.userId)) return reject('H32007');
    call.line.msgId = message.header.msgId;
    return { type: 'done', answer: call.answer(messageInfo(message, deps.time)) };
  },
};

/** Whether the user is the sender's, or the user of a target at the time of acceptance. */
function mayAsk({ header, targets }: MessageParts, userId: string | undefined): boolean {
  return userId !== undefined && (header.userId === userId || targets.some((target) => target.userId === userId));
}
