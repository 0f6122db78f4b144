/** The vocabulary of the tests through the whole service: terminals that register, push, report and ask. */
import { afterAll, beforeAll, expect } from 'vitest';
import type { App, AppPackage } from '../../src/domain/apps.ts';
import type { AcceptedPush } from '../../src/sandbox/jpush/types.ts';
import type { Answer } from './http.ts';
import { CONTENT_MARK, type Service, type ServiceOptions, startService } from './service.ts';
import { type UntilOptions, until } from './until.ts';

export interface Terminal {
  readonly app: App;
  readonly appPackage: string;
  readonly clientId: string;
  readonly pushId: string;
  readonly deviceType: string;
  readonly deviceId?: string | undefined;
  readonly user?: string | undefined;
}

export interface TargetInfo {
  readonly clientId: string;
  readonly appPackage: string;
  readonly status: number;
  readonly pushTime?: string;
  readonly reportTime?: string;
  readonly failure?: { readonly code: string; readonly reason: string };
}

export interface MessageInfo {
  readonly mesgId: string;
  readonly msgId: string;
  readonly userId?: string;
  readonly revTime: string;
  readonly pushTime?: string;
  readonly status: number;
  readonly summary: Readonly<Record<string, number>>;
  readonly targets: readonly TargetInfo[];
}

/** A terminal of an app with a user logged in, which pushes and asks. */
export interface Sender {
  readonly app: App;
  readonly clientId: string;
  readonly user: string;
}

export interface PushOptions {
  readonly expires?: number;
  readonly message?: object | string;
  readonly sequenceId?: string;
  readonly endpoint?: 'msgPush' | 'msgPushtry';
}

type Destination = Readonly<Record<string, unknown>> & { readonly type: number };

let terminals = 0;

/** A terminal with names of its own; not registered yet. */
export function terminal(app: App, { appPackage }: AppPackage, is: Partial<Terminal> = {}): Terminal {
  terminals += 1;
  const clientId = `client-${terminals}`;
  return { app, appPackage, clientId, pushId: `push-id-${terminals}`, deviceType: '01', ...is };
}

export interface Flow {
  readonly service: Service;
  /** Expects 00000. */
  register(who: Terminal, more?: object): Promise<Answer>;
  unregister(who: Terminal): Promise<Answer>;
  /** Expects 00000. @returns the msgId */
  push(from: Sender, dst: Destination, options?: PushOptions): Promise<string>;
  tryPush(
    from: Sender,
    dst: Destination,
    options?: PushOptions,
  ): Promise<Answer<{ msgId: string; filtered?: string[] }>>;
  report(who: Terminal, msgId: string, status: number, sequenceId?: string): Promise<Answer>;
  /** Expects 00000. */
  status(who: Sender, msgId: string): Promise<MessageInfo>;
  devices(user: string, app: App): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Waits until it is so. */
  statusWhen(
    who: Sender,
    msgId: string,
    is: (info: MessageInfo) => boolean,
    options?: UntilOptions,
  ): Promise<MessageInfo>;
  /** Waits until each target was sent to. */
  sent(who: Sender, msgId: string, options?: UntilOptions): Promise<MessageInfo>;
  /** Waits until each target has this failure. */
  failed(who: Sender, msgId: string, code: string, options?: UntilOptions): Promise<MessageInfo>;
  /** The pushes of a message that JPush took. */
  accepted(msgId: string): AcceptedPush[];
  /** Waits until a try to deliver the message has failed and another one is to come. */
  triedInVain(msgId: string): Promise<unknown>;
}

/** A message that a log would give away. */
export function content(more: object = {}): object {
  return { text: CONTENT_MARK, ...more };
}

/** Registers hooks that start a service for the tests of a file, end it, and look into its logs. */
export function useFlow(options: ServiceOptions): Flow {
  let service: Service | undefined;
  beforeAll(async () => {
    service = await startService(options);
  }, 70_000);
  afterAll(async () => {
    if (service === undefined) return;
    try {
      if (service.running) expect((await service.stop()).code).toBe(0);
      expect(await service.secretsInLogs()).toEqual([]);
    } finally {
      await service.close();
    }
  }, 30_000);
  return flowOf(() => {
    if (service === undefined) throw new Error('not started');
    return service;
  });
}

export function flowOf(running: () => Service): Flow {
  const flow: Flow = {
    get service() {
      return running();
    },
    async register({ app, appPackage, clientId, pushId, deviceType, deviceId, user }, more = {}) {
      const body = { userId: user, clientId, pushId, deviceType, deviceId, collab3th: 0, appPackage, ...more };
      return success(await running().client.call({ app, endpoint: 'register', clientId, user, body }));
    },
    unregister: ({ app, clientId, user, appPackage }) =>
      running().client.call({ app, endpoint: 'unreg', clientId, user, body: { appPackage } }),
    async push(from, dst, options) {
      return success(await flow.tryPush(from, dst, options)).data.msgId;
    },
    tryPush({ app, clientId, user }, dst, { endpoint = 'msgPush', sequenceId, message = content(), expires } = {}) {
      const json = typeof message === 'string' ? message : JSON.stringify(message);
      const rest = JSON.stringify({ dst, expires });
      const body = `${rest.slice(0, -1)},"message":${json}}`;
      return running().client.call({ app, endpoint, clientId, user, sequenceId, body });
    },
    report({ app, clientId, user, appPackage }, msgId, status, sequenceId) {
      const body = { appPackage, msgId, status };
      return running().client.call({ app, endpoint: 'report', clientId, user, sequenceId, body });
    },
    async status({ app, clientId, user }, msgId) {
      const body = { msgId };
      return success(await running().client.call<MessageInfo>({ app, endpoint: 'getmsgstat', clientId, user, body }))
        .data;
    },
    async devices(user, app) {
      const call = { app, endpoint: 'devlist', clientId: 'anyone', user };
      return success(await running().client.call<Record<string, unknown>[]>(call)).data;
    },
    statusWhen(who, msgId, is, options) {
      let last: MessageInfo | undefined;
      const ask = async (): Promise<MessageInfo | false> => {
        last = await flow.status(who, msgId);
        return is(last) && last;
      };
      return until(`the status of ${msgId}`, ask, options).catch((error: Error) => {
        throw new Error(`${error.message}; it is ${JSON.stringify(last)?.slice(0, 600)}`);
      });
    },
    sent: (who, msgId, options) =>
      flow.statusWhen(who, msgId, ({ targets }) => targets.every(({ status }) => status >= 1), options),
    failed: (who, msgId, code, options) =>
      flow.statusWhen(who, msgId, ({ targets }) => targets.every(({ failure }) => failure?.code === code), options),
    accepted: (msgId) =>
      running()
        .jpush.journal.pushes()
        .filter((push) => push.content?.includes(`"${msgId}"`)),
    triedInVain: (msgId) =>
      until('a try in vain', () =>
        running()
          .log()
          .find((line) => line.msgId === msgId && line.msg === 'delivery will be tried again'),
      ),
  };
  return flow;
}

export function success<D>(answer: Answer<D>): Answer<D> {
  expect(answer).toMatchObject({ status: 200, retCode: '00000', retInfo: 'success' });
  return answer;
}
