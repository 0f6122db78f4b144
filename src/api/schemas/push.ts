/** `contract.md §4 msgPush and msgPushtry`: what a terminal may send. */
import { z } from 'zod';
import { deviceTypes } from '../../domain/events.ts';
import { anyObject, present, textList } from '../parameters.ts';

const MAX_EXPIRES = 864_000;
const DEFAULT_EXPIRES = 86_400;
const MAX_LIST = 200;

const anyText = z.string();

/** @param deviceType msgPush knows the enumeration; msgPushtry drops what is not in it */
function pushParameters(deviceType: z.ZodType<string, string>) {
  const destination = z.discriminatedUnion('type', [
    z.object({ type: z.literal(0), Id: textList(MAX_LIST, anyText) }),
    z.object({ type: z.literal(1), Id: textList(MAX_LIST, anyText) }),
    z.object({ type: z.literal(2), devType: textList(MAX_LIST, deviceType) }),
    z.object({ type: z.literal(3), appType: textList(MAX_LIST, anyText) }),
  ]);
  return z.object({
    expires: z.int().min(1).max(MAX_EXPIRES).default(DEFAULT_EXPIRES),
    dst: z.preprocess(present, z.looseObject({ type: z.int().min(0).max(3) }).pipe(destination)),
    message: anyObject.optional(),
  });
}

export const strictPushParameters = pushParameters(z.enum(deviceTypes));
export const tryPushParameters = pushParameters(anyText);
export type PushParameters = z.output<typeof strictPushParameters>;
