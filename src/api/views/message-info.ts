/** MessageInfo (`docs/api.md §3`, `§4 getmsgstat`): a message and its targets as callers see them. */
import { messageStatuses } from '../../domain/status.ts';
import { shownFailure, type TargetView } from '../../domain/target-view.ts';
import type { ZonedTime } from '../../domain/time.ts';
import type { MessageView } from '../../queries/message-view.ts';

const text = { type: 'string' };
const integer = { type: 'integer' };

const targetSchema = {
  type: 'object',
  required: ['clientId', 'appPackage', 'status'],
  properties: {
    clientId: text,
    appPackage: text,
    status: integer,
    pushTime: text,
    reportTime: text,
    failure: { type: 'object', required: ['code', 'reason'], properties: { code: text, reason: text } },
  },
};

export const messageInfoSchema = {
  type: 'object',
  required: ['mesgId', 'msgId', 'revTime', 'status', 'summary', 'targets'],
  properties: {
    mesgId: text,
    msgId: text,
    userId: text,
    revTime: text,
    pushTime: text,
    status: integer,
    summary: { type: 'object', properties: Object.fromEntries(messageStatuses.map((status) => [status, integer])) },
    targets: { type: 'array', items: targetSchema },
  },
};

export function messageInfo({ header, targets, pushTime, status, summary }: MessageView, time: ZonedTime) {
  return {
    mesgId: header.msgId,
    msgId: header.msgId,
    userId: header.userId,
    revTime: time.display(header.acceptedAt),
    pushTime: displayed(time, pushTime),
    status,
    summary,
    targets: targets.map((target) => targetInfo(target, time)),
  };
}

function targetInfo(target: TargetView, time: ZonedTime) {
  const { clientId, appPackage, status, pushTime, reportTime } = target;
  return {
    clientId,
    appPackage,
    status,
    pushTime: displayed(time, pushTime),
    reportTime: displayed(time, reportTime),
    failure: shownFailure(target),
  };
}

function displayed(time: ZonedTime, instant: string | undefined): string | undefined {
  return instant === undefined ? undefined : time.display(instant);
}
