/** Clients that go on when the service fails, and write down its answers. */
import type { App } from '../../src/domain/apps.ts';
import type { MessageInfo } from '../support/flow.ts';
import type { Answer, Call } from '../support/http.ts';
import type { Random } from '../support/random.ts';
import { CONTENT_MARK, type Service } from '../support/service.ts';
import { type Ledger, type Pushed, type Registered, type Reported, reportKey } from './ledger.ts';

const TERMINALS = 3;
const MAX_TARGETS = 5;

export interface World {
  readonly app: App;
  readonly appPackage: string;
  readonly service: Service;
  readonly ledger: Ledger;
  /** Resolves once the service listens; at once if it does. */
  whenUp(): Promise<void>;
  readonly over: boolean;
}

/** One client with some terminals of one user; runs until the world is over, and never leaves a request in the air. */
export async function runClient(world: World, index: number, random: Random): Promise<void> {
  const client = clientOf(world, index, random);
  for (const clientId of client.own) await client.register(clientId);
  while (!world.over) await random.pick(client.actions)();
}

function clientOf(world: World, index: number, random: Random) {
  const { app, appPackage, ledger } = world;
  const user = `user-${index}`;
  const own = Array.from({ length: TERMINALS }, (_, number) => `c${index}-${number}`);
  const sent: Pushed[] = [];
  let numbers = 0;
  const number = (): number => {
    numbers += 1;
    return numbers;
  };
  const sequence = (): string => `${index}-${number()}`;
  const asked = (call: Omit<Call, 'app' | 'user'>): Call => ({ app, user, ...call });

  const register = async (clientId: string): Promise<void> => {
    const known: Registered = ledger.registrations.get(clientId) ?? { clientId, user, pushId: undefined, maybe: [] };
    ledger.registrations.set(clientId, known);
    const pushId = `${clientId}.${number()}`;
    const body = { userId: user, clientId, pushId, deviceType: '01', collab3th: 0, appPackage };
    const call = asked({ endpoint: 'register', clientId, body, sequenceId: sequence() });
    // The first one until it is there; later ones may get lost.
    const answer =
      known.pushId === undefined || random.chance(0.5) ? await insist(world, call) : await once(world, call);
    if (answer === undefined) known.maybe.push(pushId);
    else if (isDone(world, answer, 'register')) {
      known.pushId = pushId;
      known.maybe.length = 0;
      ledger.counts.registers += 1;
    }
  };

  const push = async (): Promise<void> => {
    const there = [...ledger.registrations.values()].filter(({ pushId }) => pushId !== undefined);
    const chosen = new Set(Array.from({ length: random.int(1, MAX_TARGETS) }, () => random.pick(there).clientId));
    const pushed: Pushed = {
      user,
      clientId: random.pick(own),
      targets: [...chosen],
      sequenceId: random.chance(0.6) ? sequence() : undefined,
      body: JSON.stringify({ dst: { type: 0, Id: [...chosen] }, message: { text: CONTENT_MARK, number: number() } }),
      msgIds: new Set(),
    };
    ledger.pushes.push(pushed);
    const twins = pushed.sequenceId !== undefined && random.chance(0.2) ? 2 : 1;
    ledger.counts.repeats += twins - 1;
    await Promise.all(Array.from({ length: twins }, () => send(pushed)));
    if (pushed.msgIds.size > 0) sent.push(pushed);
    else ledger.counts.lostPushes += 1;
  };

  const send = async (pushed: Pushed): Promise<void> => {
    const { clientId, sequenceId, body } = pushed;
    const call = asked({ endpoint: 'msgPush', clientId, sequenceId, body });
    const answer = await (sequenceId === undefined ? once(world, call) : insist(world, call));
    if (answer === undefined || !isDone(world, answer, 'msgPush')) return;
    const { msgId } = answer.data as { msgId: string };
    pushed.msgIds.add(msgId);
    ledger.messages.set(msgId, pushed);
  };

  const again = async (): Promise<void> => {
    const some = sent.filter(({ sequenceId }) => sequenceId !== undefined);
    if (some.length === 0) return;
    ledger.counts.repeats += 1;
    await send(random.pick(some));
  };

  const report = async (): Promise<void> => {
    const about = random.pick([...ledger.messages.keys()].slice(-50).concat(''));
    const clientId = ledger.messages.get(about)?.targets.find((target) => own.includes(target));
    if (clientId === undefined) return;
    const key = reportKey(about, clientId);
    const known: Reported = ledger.reports.get(key) ?? { answered: 0, asked: 0 };
    if (known.asked === 4) return;
    ledger.reports.set(key, known);
    const status = random.int(Math.max(2, known.asked + 1), 4);
    known.asked = status;
    const call = asked({ endpoint: 'report', clientId, body: { appPackage, msgId: about, status } });
    const answer = random.chance(0.5)
      ? await insist(world, { ...call, sequenceId: sequence() })
      : await once(world, call);
    if (answer === undefined || !isDone(world, answer, 'report')) return;
    known.answered = status;
    ledger.counts.reports += 1;
  };

  const ask = async (): Promise<void> => {
    const pushed = sent.at(-random.int(1, 20));
    const [msgId] = pushed?.msgIds ?? [];
    if (pushed === undefined || msgId === undefined) return;
    const before = pushed.targets.map((target) => ledger.reports.get(reportKey(msgId, target))?.answered ?? 0);
    const answer = await once(world, asked({ endpoint: 'getmsgstat', clientId: pushed.clientId, body: { msgId } }));
    if (answer === undefined || !isDone(world, answer, 'getmsgstat')) return;
    ledger.counts.reads += 1;
    const { targets } = answer.data as MessageInfo;
    pushed.targets.forEach((target, at) => {
      const status = targets.find(({ clientId }) => clientId === target)?.status;
      if (status === undefined || status < (before[at] ?? 0))
        ledger.violations.push(`${msgId} for ${target} is at ${status} after ${before[at]} was answered`);
    });
  };

  const change = (): Promise<void> => register(random.pick(own));
  return { own, register, actions: [push, push, push, report, report, report, ask, again, change] };
}

/** @returns nothing when it was not answered: the service was away, or went away */
async function once(world: World, call: Call): Promise<Answer | undefined> {
  const { counts } = world.ledger;
  await world.whenUp();
  try {
    const answer = await world.service.client.call(call);
    if (answer.status === 503) throw new Error(answer.retCode);
    counts.answered += 1;
    return answer;
  } catch {
    counts.unanswered += 1;
    return undefined;
  }
}

/** Asks again, with the same sequenceId, until there is an answer; nothing only where the test has failed. */
async function insist(world: World, call: Call): Promise<Answer | undefined> {
  for (;;) {
    const answer = await once(world, call);
    if (answer !== undefined || (world.over && !world.service.running)) return answer;
    world.ledger.counts.repeats += 1;
  }
}

function isDone({ ledger }: World, { status, retCode, text }: Answer, endpoint: string): boolean {
  if (status === 200 && retCode === '00000') return true;
  ledger.violations.push(`${endpoint} was answered ${status} ${text.slice(0, 200)}`);
  return false;
}
