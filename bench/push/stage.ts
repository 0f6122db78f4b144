/** Everything that takes part in `bench:push`: the service, the look-alike, the bare server, the load generator. */
import { mintToken } from '../../src/client/client.ts';
import type { Template } from '../support/connection.ts';
import { startHelper } from '../support/helper.ts';
import type { LoadOrder, LoadResult } from '../support/load.ts';
import { type Observer, observe } from '../support/observe.ts';
import { type Memory, memoryOf } from '../support/proc.ts';
import type { ProviderCounts, ProviderOrder } from '../support/provider.ts';
import { plainRequest, signedRequest } from '../support/requests.ts';
import {
  app,
  appPackage,
  provider as credentials,
  type Service,
  startService,
  tokenSecret,
} from '../support/service.ts';

export const CONNECTIONS = 64;
export const TERMINALS = 2000;
const PUSH = '/ums/v2/msgPush';
const SUCCESS = '"retCode":"00000"';

export type TargetCount = 1 | 200;

export interface Stage {
  readonly service: Service;
  readonly barePid: number;
  readonly observer: Observer;
  /** Messages accepted so far, and their targets. */
  readonly taken: { messages: number; targets: number };
  push(targets: TargetCount, order: LoadHow): Promise<LoadResult>;
  /** A body of the same size as such a push. */
  bare(targets: TargetCount, order: LoadHow): Promise<LoadResult>;
  onSample(listener: (value: unknown) => void): void;
  /** When the look-alike took each of these messages. */
  takenAt(msgIds: readonly string[]): Promise<readonly (number | undefined)[]>;
  counts(): Promise<ProviderCounts>;
  memory(): Look;
  close(): Promise<void>;
}

/** Memory of the service, and after how many messages. */
export type Look = Memory & { readonly messages: number };

export type LoadHow = Pick<LoadOrder, 'mode' | 'sampleEvery' | 'refusals'> & { readonly connections?: number };

export async function openStage(profileDir?: string): Promise<Stage> {
  const load = await startHelper<LoadOrder, LoadResult>(new URL('../support/load.ts', import.meta.url));
  const bare = await startHelper<never, never, number>(new URL('../support/bare.ts', import.meta.url));
  const provider = await startHelper<ProviderOrder, unknown, string>(
    new URL('../support/provider.ts', import.meta.url),
    [credentials.appKey, credentials.masterSecret],
  );
  const service = await startService({ jpushUrl: provider.ready, profileDir });
  const senders = await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => senderOf(index)));
  const taken = { messages: 0, targets: 0 };

  await load.ask({
    port: service.port,
    connections: 16,
    templates: Array.from({ length: TERMINALS }, (_, index) => registration(index)),
    mode: { type: 'once' },
    expect: SUCCESS,
  });
  const observer = observe(service.file);

  return {
    service,
    barePid: bare.pid,
    observer,
    taken,
    async push(targets, { connections = CONNECTIONS, ...how }) {
      const templates = bodies(targets, connections).map((body, index) =>
        signedRequest(PUSH, body, senderAt(senders, index)),
      );
      const result = await load.ask({ port: service.port, connections, templates, expect: SUCCESS, ...how });
      taken.messages += result.answers;
      taken.targets += result.answers * targets;
      return result;
    },
    bare(targets, { connections = CONNECTIONS, ...how }) {
      const templates = bodies(targets, connections).map((body): Template => plainRequest('/echo', body));
      return load.ask({ port: bare.ready, connections, templates, expect: '"dst"', ...how });
    },
    onSample: load.onNote,
    takenAt: (msgIds) => provider.ask({ type: 'takenAt', msgIds }) as Promise<(number | undefined)[]>,
    counts: () => provider.ask({ type: 'counts' }) as Promise<ProviderCounts>,
    memory: () => ({ messages: taken.messages, ...memoryOf(service.pid) }),
    async close() {
      observer.close();
      await load.close();
      await service.stop();
      await provider.close();
      await bare.close();
    },
  };
}

const terminalAt = (index: number): string => `terminal-${String(index % TERMINALS).padStart(4, '0')}`;

interface Sender {
  readonly appId: string;
  readonly appKey: string;
  readonly clientId: string;
  readonly token: string;
}

async function senderOf(index: number): Promise<Sender> {
  return { ...app, clientId: terminalAt(index), token: await mintToken(tokenSecret, `user-${index}`) };
}

function senderAt(senders: readonly Sender[], index: number): Sender {
  const sender = senders[index % senders.length];
  if (sender === undefined) throw new Error('no sender');
  return sender;
}

function registration(index: number): Template {
  const clientId = terminalAt(index);
  const body = { clientId, pushId: `push-${clientId}`, deviceType: '01', collab3th: 0, appPackage };
  return signedRequest('/ums/v2/register', JSON.stringify(body), { ...app, clientId });
}

/** Four for each connection of the usual number, at least one for each connection; each to other terminals. */
function bodies(targets: TargetCount, connections: number): string[] {
  return Array.from({ length: Math.max(4 * CONNECTIONS, connections) }, (_, index) => {
    const ids = Array.from({ length: targets }, (_, place) => terminalAt(index * 31 + place));
    const message = {
      type: 'recipe',
      title: 'Tomato and egg soup',
      recipeId: 4711,
      steps: 7,
      from: 'fridge',
      page: index,
    };
    return JSON.stringify({ dst: { type: 0, Id: ids }, message });
  });
}
