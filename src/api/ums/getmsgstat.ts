/** `docs/api.md §4 getmsgstat` */
import { z } from 'zod';
import { reject } from '../../domain/result-codes.ts';
import { messageStatus } from '../../queries/message-status.ts';
import type { MessageParts } from '../../queries/message-view.ts';
import type { ReadEndpoint } from '../endpoint/endpoint.ts';
import type { Facts } from '../endpoint/parameters.ts';
import { messageInfo, messageInfoSchema } from '../views/message-info.ts';

/** Not bounded: an id that can't be one is no such message. */
const getmsgstatParameters = z.object({ msgId: z.string() });

/** `msgId` wins over the seed's `megId`. */
const eitherSpelling: Facts = ({ msgId, megId }) => ({ msgId: msgId ?? megId });

/** `docs/api.md §4 getmsgstat` */
export const getmsgstatEndpoint: ReadEndpoint<{ msgId: string }> = {
  type: 'read',
  name: 'getmsgstat',
  codes: ['B00001', 'B00004', 'H32007'],
  token: 'required',
  parameters: getmsgstatParameters,
  facts: () => eitherSpelling,
  data: messageInfoSchema,
  async run({ deps, written }, call, { msgId }) {
    const { log, documents } = deps;
    const reached: typeof documents.reached = (...wait) => call.outside(documents.reached(...wait));
    const message = await messageStatus({ log, documents, written, reached }, msgId);
    if (message === undefined || !mayAsk(message, call.user?.userId)) return reject('H32007');
    call.line.msgId = message.header.msgId;
    return { type: 'done', answer: call.answer(messageInfo(message, deps.time)) };
  },
};

/** The sender's user, or that of a target as settled at acceptance. */
function mayAsk({ header, targets }: MessageParts, userId: string | undefined): boolean {
  return userId !== undefined && (header.userId === userId || targets.some((target) => target.userId === userId));
}
