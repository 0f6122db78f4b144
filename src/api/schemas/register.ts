/** `contract.md §4 register` */
import { z } from 'zod';
import { type DeviceType, deviceTypes, SMART_SPEAKER } from '../../domain/events.ts';
import { text } from '../parameters.ts';

const fields = z.object({
  userId: text.optional(),
  userName: text.optional(),
  clientId: text,
  deviceId: text.optional(),
  pushId: text,
  deviceName: text.optional(),
  // Codes named here, because registration has codes of its own for these two fields.
  deviceType: z
    .string()
    .refine(isDeviceType, { error: 'C00006' })
    .transform((value) => value as DeviceType),
  typeId: text.optional(),
  collab3th: z
    .number()
    .refine(Number.isInteger, { error: 'B00002', abort: true })
    .refine((value) => value === 0 || value === 1, { error: 'H32004' })
    .transform((value) => value as 0 | 1),
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
  .refine(({ collab3th, deviceType }: Draft) => collab3th !== 1 || deviceType === SMART_SPEAKER, {
    ...always,
    path: ['collab3th'],
    error: 'H32004',
  })
  .refine(
    ({ collab3th, clientId, deviceId, pushId }: Draft) =>
      collab3th !== 1 || (clientId === deviceId && clientId === pushId),
    { path: ['collab3th'], error: 'B00004' },
  );

export type RegisterParameters = z.output<typeof registerParameters>;

function isDeviceType(value: string): boolean {
  return (deviceTypes as readonly string[]).includes(value);
}
