import { z } from 'zod';
import { reject } from '../../domain/result-codes.ts';
import { deviceList } from '../../queries/device-list.ts';
import type { ReadEndpoint } from '../endpoint/endpoint.ts';
import { type UserRegInfo, userRegInfo, userRegInfoSchema } from '../views/user-reg-info.ts';

/** `docs/api.md §4 devlist` */
export const devlistEndpoint: ReadEndpoint<object, UserRegInfo[]> = {
  type: 'read',
  name: 'devlist',
  codes: ['B00004', 'A00004'],
  token: 'required',
  input: 'optional',
  parameters: z.object({}),
  data: z.array(userRegInfoSchema),
  async run({ deps }, call) {
    if (call.user === undefined) return reject('D00003');
    const devices = await deviceList(deps.documents, call.user.userId);
    const data = devices.map((device) => userRegInfo(device, device.status, deps.time));
    return { type: 'done', answer: call.answer(data) };
  },
};
