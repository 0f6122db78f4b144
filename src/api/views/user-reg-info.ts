/** UserRegInfo (`docs/api.md §3`): a registration as callers see it. */
import type { Registration } from '../../domain/events.ts';
import type { RegistrationStatus } from '../../domain/status.ts';
import type { ZonedTime } from '../../domain/time.ts';

export const userRegInfoSchema = {
  type: 'object',
  required: ['clientId', 'pushId', 'deviceType', 'appPackage', 'regTime', 'status', 'collab3th'],
  properties: {
    userId: { type: 'string' },
    userName: { type: 'string' },
    clientId: { type: 'string' },
    deviceId: { type: 'string' },
    deviceName: { type: 'string' },
    pushId: { type: 'string' },
    deviceType: { type: 'string' },
    typeId: { type: 'string' },
    appPackage: { type: 'string' },
    regTime: { type: 'string' },
    status: { type: 'integer' },
    collab3th: { type: 'integer' },
  },
};

/** The schema leaves out what is not meant for callers. */
export function userRegInfo(registration: Registration, status: RegistrationStatus, time: ZonedTime) {
  return { ...registration, regTime: time.display(registration.firstRegisteredAt), status };
}
