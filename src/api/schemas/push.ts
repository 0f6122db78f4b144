/** `contract.md §4 msgPush and msgPushtry`: what a terminal may send. */
import { z } from 'zod';
import { deviceTypes } from '../../domain/events.ts';
import { anyObject, nameList, present } from '../parameters.ts';

const MAX_EXPIRES = 864_000;
const DEFAULT_EXPIRES = 86_400;
const MAX_LIST = 200;

const anyName = z.string().min(1);

/** @param deviceType msgPush knows the enumeration; msgPushtry drops what is not in it */
function pushParameters(deviceType: z.ZodType<string>) {
  const destination = z.discriminatedUnion('type', [
    z.object({ type: z.literal(0), Id: nameList(MAX_LIST, anyName) }),
    z.object({ type: z.literal(1), Id: nameList(MAX_LIST, anyName) }),
    z.object({ type: z.literal(2), devType: nameList(MAX_LIST, deviceType) }),
    z.object({ type: z.literal(3), appType: nameList(MAX_LIST, anyName) }),
  ]);
  // Named fields only: a loose object would be copied, and `__proto__` in it would become what it must not be.
  const any = z.unknown().optional();
  const typed = z.object({ type: z.int().min(0).max(3), Id: any, devType: any, appType: any });
  return z.object({
    expires: z.int().min(1).max(MAX_EXPIRES).default(DEFAULT_EXPIRES),
    dst: z.preprocess(present, typed.pipe(destination)),
    message: anyObject.optional(),
  });
}

export const strictPushParameters = pushParameters(anyName.pipe(z.enum(deviceTypes)));
export const tryPushParameters = pushParameters(anyName);
export type PushParameters = z.output<typeof strictPushParameters>;
