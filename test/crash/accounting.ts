/** Compares the final state of the service and of JPush with the ledger. Returns the differences, in words. */

import type { EmbeddedBackend } from '../../src/backends/embedded/index.ts';
import type { MessageEvent } from '../../src/domain/events.ts';
import { START } from '../../src/domain/position.ts';
import { messageStream, streamPrefixes } from '../../src/domain/streams.ts';
import { messages } from '../../src/ports/read-models/messages.ts';
import type { Flow, MessageInfo } from '../support/flow.ts';
import type { World } from './clients.ts';
import { type Pushed, reportKey } from './ledger.ts';

const AT_ONCE = 16;
/** A dead circuit, a backoff and a busy machine together take no longer. */
const DRAIN_MS = 60_000;

/** Everything that was answered is known, sent, and where its reports have brought it. @returns the answers by msgId */
export async function accountForMessages(world: World, flow: Flow): Promise<Map<string, MessageInfo>> {
  const { app, ledger } = world;
  const infos = new Map<string, MessageInfo>();
  await eachOf(ledger.messages, async ([msgId, pushed]) => {
    const sender = { app, clientId: pushed.clientId, user: pushed.user };
    try {
      const info = await flow.sent(sender, msgId, { withinMs: DRAIN_MS });
      infos.set(msgId, info);
      ledger.violations.push(...wrongTargets(world, msgId, pushed, info));
    } catch (error) {
      ledger.violations.push(`${msgId}: ${(error as Error).message}`);
    }
  });
  for (const { sequenceId, msgIds } of ledger.pushes)
    if (msgIds.size > 1) ledger.violations.push(`${sequenceId} was answered ${[...msgIds].join(' and ')}`);
  return infos;
}

function wrongTargets({ ledger }: World, msgId: string, pushed: Pushed, { targets }: MessageInfo): string[] {
  const wrong: string[] = [];
  const there = targets.map(({ clientId }) => clientId);
  if (there.join() !== pushed.targets.join()) wrong.push(`${msgId} has the targets ${there}, not ${pushed.targets}`);
  for (const { clientId, status, failure } of targets) {
    const { answered, asked } = ledger.reports.get(reportKey(msgId, clientId)) ?? { answered: 0, asked: 0 };
    const [least, most] = [Math.max(1, answered), Math.max(1, asked)];
    if (status < least || status > most || failure !== undefined)
      wrong.push(`${msgId} for ${clientId} is at ${status} ${failure?.code ?? ''}, not ${least} to ${most}`);
  }
  return wrong;
}

/** Every terminal is listed with the pushId that it was last answered, or one that it asked for since. */
export async function accountForRegistrations({ app, ledger }: World, flow: Flow): Promise<void> {
  const users = new Set([...ledger.registrations.values()].map(({ user }) => user));
  for (const user of users) {
    const listed = new Map((await flow.devices(user, app)).map(({ clientId, pushId }) => [clientId, pushId]));
    for (const { clientId, pushId, maybe, user: owner } of ledger.registrations.values()) {
      if (owner !== user) continue;
      const is = listed.get(clientId);
      if (is !== pushId && !maybe.includes(is as string))
        ledger.violations.push(`${clientId} is listed with ${is}, not ${[pushId, ...maybe]}`);
    }
  }
}

export interface JPushAccount {
  /** (message, terminal) pairs that JPush was to get. */
  readonly pairs: number;
  /** Those that it accepted more than once. */
  readonly duplicates: number;
  /** Messages that it got and no answer named: their requests were never answered. */
  readonly unnamed: number;
}

/** Each answered message reached JPush for each of its terminals. */
export function accountForJPush({ service, ledger }: World): JPushAccount {
  const times = new Map<string, number>();
  const unnamed = new Set<string>();
  for (const { content = '{}', registrationIds } of service.jpush.journal.pushes()) {
    const { msgId } = JSON.parse(content) as { msgId: string };
    if (!ledger.messages.has(msgId)) unnamed.add(msgId);
    for (const registrationId of registrationIds) {
      const key = reportKey(msgId, registrationId.split('.')[0] ?? '');
      times.set(key, (times.get(key) ?? 0) + 1);
    }
  }
  let pairs = 0;
  for (const [msgId, { targets }] of ledger.messages) {
    pairs += targets.length;
    for (const target of targets)
      if (!times.has(reportKey(msgId, target))) ledger.violations.push(`JPush never got ${msgId} for ${target}`);
  }
  const duplicates = [...times.values()].filter((count) => count > 1).length;
  return { pairs, duplicates, unnamed: unnamed.size };
}

/** The stopped service's data: messages with an outcome for each target, and no job. */
export async function accountForStore(
  { ledger }: World,
  { log, jobs, documents }: EmbeddedBackend,
): Promise<{ accepted: number }> {
  const open = new Map<string, Set<string>>();
  let accepted = 0;
  for (let after = START; ; ) {
    const events = await log.readAll(after, { prefixes: [streamPrefixes.message] }, 1000);
    for (const event of events.map((recorded) => recorded.event as MessageEvent)) {
      if (event.type === 'MessageAccepted') {
        accepted += 1;
        open.set(event.data.msgId, new Set(event.data.targets.map(({ clientId }) => clientId)));
      } else if (event.type === 'MessageDispatched')
        for (const clientId of event.data.targets) open.get(event.data.msgId)?.delete(clientId);
      else if (event.type !== 'MessageDispatchPrepared') ledger.violations.push(`${event.data.msgId}: ${event.type}`);
    }
    const last = events.at(-1);
    if (last === undefined) break;
    after = last.position;
  }
  for (const [msgId, targets] of open) {
    if (targets.size === 0) continue;
    const history = (await log.readStream(messageStream(msgId))).map(
      ({ event, metadata }) => `${metadata.at} ${event.type} ${JSON.stringify(event.data)}`,
    );
    const stored = (await documents.get(messages, msgId))?.document;
    ledger.violations.push(
      `${msgId} is stuck for ${[...targets]}: ${history.join(', ')}; read model ${JSON.stringify(stored)}`,
    );
  }
  for (const queue of await jobs.queues()) {
    const counts = await jobs.counts(queue);
    if (Object.values(counts).some((count) => count > 0))
      ledger.violations.push(`${queue} still holds ${JSON.stringify(counts)}`);
  }
  return { accepted };
}

/** A few at once. */
export async function eachOf<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items].values();
  const some = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, some));
}
