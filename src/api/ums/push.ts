/** `docs/api.md §4 msgPush and msgPushtry`: what a terminal may send. */
import { z } from 'zod';
import { push } from '../../commands/push.ts';
import type { Selection } from '../../commands/targets.ts';
import { deviceTypes } from '../../domain/events.ts';
import { type RefusalCode, reject } from '../../domain/result-codes.ts';
import type { Call, Effect } from '../endpoint/call.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import type { RequestIdentity } from '../endpoint/idempotency.ts';
import type { ParameterSchema } from '../endpoint/parameters.ts';
import { anyObject, nameList, present } from '../endpoint/parameters.ts';
import { rawProperty } from '../endpoint/raw-json.ts';
import type { Services } from '../http/services.ts';

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
const tryPushParameters = pushParameters(anyName);
export type PushParameters = z.output<typeof strictPushParameters>;

type Mode = 'strict' | 'try';

const codes: readonly RefusalCode[] = ['B00001', 'B00006', 'B00004', 'D00008', 'A00004', 'B00002', 'B00003'];

/** `docs/api.md §4 msgPush` */
export const msgPushEndpoint = pushEndpoint('msgPush', 'strict', strictPushParameters, [...codes, 'H32006']);
/** `docs/api.md §4 msgPushtry` */
export const msgPushtryEndpoint = pushEndpoint('msgPushtry', 'try', tryPushParameters, [...codes, 'H32011']);

function pushEndpoint(
  name: string,
  mode: Mode,
  parameters: ParameterSchema<PushParameters>,
  codes: readonly RefusalCode[],
): EffectEndpoint<PushParameters> {
  return {
    type: 'effect',
    name,
    codes,
    token: 'required',
    parameters,
    data: {
      type: 'object',
      required: ['msgId'],
      properties: { msgId: { type: 'string' }, filtered: { type: 'array', items: { type: 'string' } } },
    },
    run: (services, call, given, identity) => accept(services, call, mode, given, identity),
    beforeAnswer({ written }, call, _parameters, { answer, position }) {
      const msgId = msgIdIn(answer);
      call.line.msgId = msgId;
      written.note(msgId, position);
    },
  };
}

async function accept(
  { deps }: Services,
  call: Call,
  mode: Mode,
  { dst, expires, message }: PushParameters,
  identity: RequestIdentity | undefined,
): Promise<Effect> {
  if (call.user === undefined) return reject('D00003');
  const { userId } = call.user;
  const msgId = deps.nextMsgId();
  return push(deps, {
    mode,
    destinationType: dst.type,
    ...selectionOf(dst, userId),
    expires,
    message: (message === undefined ? undefined : rawProperty(call.body.text, 'message')) ?? '{}',
    sender: { origin: 'terminal', appId: call.app.appId, userId, clientId: call.clientId },
    msgId,
    causeFor: (filtered) =>
      causeOf(call, identity, msgId, () => call.answer(mode === 'strict' ? { msgId } : { msgId, filtered })),
  });
}

function selectionOf(dst: PushParameters['dst'], userId: string): { selection: Selection; field: string } {
  switch (dst.type) {
    case 0:
      return { field: 'dst.Id', selection: { by: 'client', names: dst.Id } };
    case 1:
      return { field: 'dst.Id', selection: { by: 'userDevice', names: dst.Id, userId } };
    case 2:
      return { field: 'dst.devType', selection: { by: 'userType', names: dst.devType, userId } };
    case 3:
      return { field: 'dst.appType', selection: { by: 'userPackage', names: dst.appType, userId } };
  }
}

/** Of an answer of ours, also one from before a restart. */
function msgIdIn(answer: string): string {
  return (JSON.parse(answer) as { data: { msgId: string } }).data.msgId;
}
