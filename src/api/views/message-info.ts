/** MessageInfo (`docs/api.md §3`, `§4 getmsgstat`): a message and its targets as callers see them. */
import { z } from 'zod';
import { failureCodes } from '../../domain/events.ts';
import { type MessageStatus, messageStatuses } from '../../domain/status.ts';
import { shownFailure, type TargetView } from '../../domain/target-view.ts';
import type { ZonedTime } from '../../domain/time.ts';
import type { MessageView } from '../../queries/message-view.ts';

const targetSchema = z.strictObject({
  clientId: z.string(),
  appPackage: z.string(),
  status: z.int(),
  pushTime: z.string().optional(),
  reportTime: z.string().optional(),
  failure: z.strictObject({ code: z.enum(failureCodes), reason: z.string() }).optional(),
});

const counts = Object.fromEntries(messageStatuses.map((status) => [status, z.int()])) as Record<
  MessageStatus,
  z.ZodInt
>;

export const messageInfoSchema = z.strictObject({
  mesgId: z.string(),
  msgId: z.string(),
  userId: z.string().optional(),
  revTime: z.string(),
  pushTime: z.string().optional(),
  status: z.int(),
  summary: z.strictObject(counts),
  targets: z.array(targetSchema),
});
export type MessageInfo = z.output<typeof messageInfoSchema>;

export function messageInfo({ header, targets, pushTime, status, summary }: MessageView, time: ZonedTime): MessageInfo {
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

function targetInfo(target: TargetView, time: ZonedTime): z.output<typeof targetSchema> {
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
