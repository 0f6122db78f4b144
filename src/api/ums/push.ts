/** `docs/api.md §4 msgPush and msgPushtry`: messages from a terminal. */
import { z } from 'zod';
import { push } from '../../commands/push.ts';
import type { CommandOutcome, RequestIdentity } from '../../commands/remembered.ts';
import type { Selection } from '../../commands/targets.ts';
import { deviceTypes } from '../../domain/events.ts';
import { type RefusalCode, reject } from '../../domain/result-codes.ts';
import type { Call } from '../endpoint/call.ts';
import { causeOf } from '../endpoint/cause.ts';
import type { EffectEndpoint } from '../endpoint/endpoint.ts';
import { anyObject, name, nameList, nested } from '../endpoint/parameters.ts';
import { rawProperty } from '../endpoint/raw-json.ts';
import type { Services } from '../http/services.ts';

const MAX_EXPIRES = 864_000;
const DEFAULT_EXPIRES = 86_400;
const MAX_LIST = 200;

const anyName = name.min(1);

/** @param deviceType msgPush accepts names of the enumeration only; msgPushtry drops other names */
function pushParameters(deviceType: z.ZodType<string>) {
  return z.object({
    expires: z.int().min(1).max(MAX_EXPIRES).default(DEFAULT_EXPIRES),
    dst: nested(
      z.discriminatedUnion('type', [
        z.object({ type: z.literal(0), Id: nameList(MAX_LIST, anyName) }),
        z.object({ type: z.literal(1), Id: nameList(MAX_LIST, anyName) }),
        z.object({ type: z.literal(2), devType: nameList(MAX_LIST, deviceType) }),
        z.object({ type: z.literal(3), appType: nameList(MAX_LIST, anyName) }),
      ]),
    ),
    message: anyObject.optional(),
  });
}

/** An empty or ill-formed name counts as no name at all, not as a name outside of the enumeration. */
const knownDeviceType = z.enum(deviceTypes, {
  error: ({ input }) => (input === '' || (typeof input === 'string' && !input.isWellFormed()) ? 'B00004' : undefined),
});
const strictPushParameters = pushParameters(knownDeviceType);
const tryPushParameters = pushParameters(anyName);
type PushParameters = z.output<typeof strictPushParameters>;

const accepted = z.strictObject({ msgId: z.string() });
const acceptedInPart = z.strictObject({ msgId: z.string(), filtered: z.array(z.string()) });

type Mode = 'strict' | 'try';

const codes: readonly RefusalCode[] = ['B00001', 'B00006', 'B00004', 'D00008', 'A00004', 'B00002', 'B00003'];

/** `docs/api.md §4 msgPush` */
export const msgPushEndpoint = pushEndpoint({
  name: 'msgPush',
  mode: 'strict',
  parameters: strictPushParameters,
  codes: [...codes, 'H32006'],
  data: accepted,
  dataOf: (msgId) => ({ msgId }),
});

/** `docs/api.md §4 msgPushtry` */
export const msgPushtryEndpoint = pushEndpoint({
  name: 'msgPushtry',
  mode: 'try',
  parameters: tryPushParameters,
  codes: [...codes, 'H32011'],
  data: acceptedInPart,
  dataOf: (msgId, filtered) => ({ msgId, filtered: [...filtered] }),
});

interface PushVariant<D> extends Pick<EffectEndpoint<PushParameters, D>, 'name' | 'codes' | 'parameters' | 'data'> {
  readonly mode: Mode;
  readonly dataOf: (msgId: string, filtered: readonly string[]) => D;
}

function pushEndpoint<D>(variant: PushVariant<D>): EffectEndpoint<PushParameters, D> {
  const { name, codes, parameters, data } = variant;
  return {
    type: 'effect',
    name,
    codes,
    token: 'required',
    parameters,
    data,
    run: (services, call, given, identity) => accept(services, call, variant, given, identity),
    beforeAnswer({ written }, call, _parameters, { answer, position }) {
      const msgId = msgIdIn(answer);
      call.line.msgId = msgId;
      written.note(msgId, position);
    },
  };
}

async function accept<D>(
  { deps }: Services,
  call: Call<D>,
  { mode, dataOf }: PushVariant<D>,
  { dst, expires, message }: PushParameters,
  identity: RequestIdentity | undefined,
): Promise<CommandOutcome> {
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
    causeFor: (filtered) => causeOf(call, identity, msgId, () => call.answer(dataOf(msgId, filtered))),
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

/** The msgId in one of our answers, perhaps from before a restart. */
function msgIdIn(answer: string): string {
  return (JSON.parse(answer) as { data: { msgId: string } }).data.msgId;
}
