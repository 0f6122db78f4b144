/** `contract.md §4 register` */
import { z } from 'zod';
import { type DeviceType, deviceTypes } from '../../domain/events.ts';
import { text } from '../parameters.ts';

const fields = z.object({
  userId: text.optional(),
  userName: text.optional(),
  clientId: text,
  deviceId: text.optional(),
  pushId: text,
  deviceName: text.optional(),
  // The code is named here, because registration has one of its own for this field.
  deviceType: z
    .string()
    .refine(isDeviceType, { error: 'C00006' })
    .transform((value) => value as DeviceType),
  typeId: text.optional(),
  /** Any JSON integer: whether a channel goes by it is a question of state (`contract.md §2`). */
  collab3th: z.preprocess(withinDoubles, z.number().refine(Number.isInteger, { error: 'B00002' })),
  appPackage: z.string().optional(),
  /** A fact beside the body: the header's. */
  callerClientId: z.string(),
});

type Draft = Partial<z.output<typeof fields>>;

/** A rule across fields that is checked whatever else is broken: the field's place decides which rule answers. */
const always = { when: () => true } as const;

export const registerParameters = fields
  .refine(({ clientId, callerClientId }: Draft) => typeof clientId !== 'string' || clientId === callerClientId, {
    ...always,
    path: ['clientId'],
    error: 'B00004',
  })
  .refine(
    ({ collab3th, clientId, deviceId, pushId }: Draft) =>
      collab3th !== 1 || (clientId === deviceId && clientId === pushId),
    { ...always, path: ['collab3th'], error: 'B00004' },
  );

export type RegisterParameters = z.output<typeof registerParameters>;

/** `1e400` is an integer too, and `JSON.parse` makes an infinity of it: no channel goes by the largest double either. */
function withinDoubles(value: unknown): unknown {
  return value === Number.POSITIVE_INFINITY || value === Number.NEGATIVE_INFINITY ? Number.MAX_VALUE : value;
}

function isDeviceType(value: string): boolean {
  return (deviceTypes as readonly string[]).includes(value);
}
