import { push } from '../../commands/push.ts';
import type { Selection } from '../../commands/targets.ts';
import { type RefusalCode, reject } from '../../domain/result-codes.ts';
import type { Call, Effect } from '../call.ts';
import { causeOf } from '../cause.ts';
import type { EffectEndpoint } from '../endpoint.ts';
import type { RequestIdentity } from '../idempotency.ts';
import type { ParameterSchema } from '../parameters.ts';
import { rawProperty } from '../raw-json.ts';
import { type PushParameters, strictPushParameters, tryPushParameters } from '../schemas/push.ts';
import type { Services } from '../services.ts';

type Mode = 'strict' | 'try';

const codes: readonly RefusalCode[] = ['B00001', 'B00006', 'B00004', 'D00008', 'A00004', 'B00002', 'B00003'];

/** `contract.md §4 msgPush` */
export const msgPushEndpoint = pushEndpoint('msgPush', 'strict', strictPushParameters, [...codes, 'H32006']);
/** `contract.md §4 msgPushtry` */
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
    settle({ written }, call, _parameters, { answer, position }) {
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
