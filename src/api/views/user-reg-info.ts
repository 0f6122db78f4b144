/** UserRegInfo (`docs/api.md §3`): a registration as callers see it. */
import { z } from 'zod';
import type { Registration } from '../../domain/events.ts';
import type { RegistrationStatus } from '../../domain/status.ts';
import type { ZonedTime } from '../../domain/time.ts';

export const userRegInfoSchema = z.strictObject({
  userId: z.string().optional(),
  userName: z.string().optional(),
  clientId: z.string(),
  deviceId: z.string().optional(),
  deviceName: z.string().optional(),
  pushId: z.string(),
  deviceType: z.string(),
  typeId: z.string().optional(),
  appPackage: z.string(),
  regTime: z.string(),
  status: z.int(),
  collab3th: z.int(),
});
export type UserRegInfo = z.output<typeof userRegInfoSchema>;

export function userRegInfo(is: Registration, status: RegistrationStatus, time: ZonedTime): UserRegInfo {
  return {
    userId: is.userId,
    userName: is.userName,
    clientId: is.clientId,
    deviceId: is.deviceId,
    deviceName: is.deviceName,
    pushId: is.pushId,
    deviceType: is.deviceType,
    typeId: is.typeId,
    appPackage: is.appPackage,
    regTime: time.display(is.firstRegisteredAt),
    status,
    collab3th: is.collab3th,
  };
}
