/** The terminals of the apps: their registration ids and labels, their connections, and a box for messages while offline. */
import { randomBytes } from 'node:crypto';
import type { Audience, Labels } from './audience.ts';

/** A message as the SDK hands it to an app. */
export interface PushedMessage {
  /** JPush's id of the push. */
  readonly msgId: string;
  readonly content: string | undefined;
  readonly notification: unknown;
}

export type OnMessage = (message: PushedMessage) => void;

/** Malformed or another app's: JPush calls both invalid. Gone: well-formed, but no terminal has it. */
export type RegistrationIdState = 'live' | 'invalid' | 'gone';

export interface Registry {
  /** A terminal of an app, offline at first. @returns its registration id, made up where none is given */
  register(appKey: string, registrationId?: string, labels?: Partial<Labels>): string;
  /** The app was uninstalled: the id is gone for good. */
  retire(appKey: string, registrationId: string): void;
  /** Brings a registered terminal online; waiting messages arrive at once. @returns a function that takes it offline */
  connect(registrationId: string, onMessage: OnMessage): () => void;
  standing(appKey: string, registrationId: string): RegistrationIdState;
  /** The live terminals of an app that the audience names. */
  find(appKey: string, audience: Audience): readonly string[];
  /** To connections, or into the boxes of terminals that are offline; with a time to live of 0 only to connections. */
  deliver(ids: readonly string[], message: PushedMessage, timeToLive: number, now: number): void;
  /** Takes back messages that still wait in a box. */
  withdraw(ids: readonly string[], msgId: string): void;
}

/** An offline terminal keeps the newest only. */
const BOX_SIZE = 5;
const MAX_TERMINALS = 200_000;
const wellFormed = /^[\w.-]{1,64}$/;

interface Terminal {
  readonly appKey: string;
  readonly labels: Labels;
  gone: boolean;
  onMessage?: OnMessage | undefined;
  box: readonly { readonly message: PushedMessage; readonly expiresAt: number }[];
}

export interface RegistryOptions {
  /** Whether a well-formed id that was never registered counts as live. */
  readonly adoptUnknown: boolean;
  readonly now: () => number;
}

const noLabels: Labels = { tags: [], alias: undefined };

export function registry({ adoptUnknown, now }: RegistryOptions): Registry {
  const terminals = new Map<string, Terminal>();

  const add = (appKey: string, id: string, labels: Partial<Labels> = {}): Terminal => {
    if (terminals.size >= MAX_TERMINALS) throw new Error(`the look-alike holds ${MAX_TERMINALS} terminals at most`);
    const terminal = { appKey, labels: { ...noLabels, ...labels }, gone: false, box: [] };
    terminals.set(id, terminal);
    return terminal;
  };

  const handOver = (message: PushedMessage, onMessage: OnMessage): void => queueMicrotask(() => onMessage(message));

  const standing = (appKey: string, registrationId: string): RegistrationIdState => {
    if (!wellFormed.test(registrationId)) return 'invalid';
    const terminal = terminals.get(registrationId);
    if (terminal === undefined) return adoptUnknown ? 'live' : 'gone';
    if (terminal.appKey !== appKey) return 'invalid';
    return terminal.gone ? 'gone' : 'live';
  };

  const deliverTo = (id: string, message: PushedMessage, timeToLive: number, at: number): void => {
    const terminal = terminals.get(id);
    const onMessage = terminal?.onMessage;
    if (onMessage !== undefined) handOver(message, onMessage);
    else if (terminal !== undefined && timeToLive > 0)
      terminal.box = [...terminal.box, { message, expiresAt: at + timeToLive * 1000 }].slice(-BOX_SIZE);
  };

  return {
    register(appKey, registrationId = `1${randomBytes(9).toString('hex')}`, labels = {}) {
      if (!wellFormed.test(registrationId)) throw new Error(`not a registration id: ${registrationId}`);
      add(appKey, registrationId, labels);
      return registrationId;
    },
    retire(appKey, registrationId) {
      const terminal = terminals.get(registrationId) ?? add(appKey, registrationId);
      terminal.gone = true;
      terminal.onMessage = undefined;
      terminal.box = [];
    },
    connect(registrationId, onMessage) {
      const terminal = terminals.get(registrationId);
      if (terminal === undefined || terminal.gone) throw new Error(`not registered: ${registrationId}`);
      const waiting = terminal.box.filter(({ expiresAt }) => expiresAt > now());
      terminal.box = [];
      terminal.onMessage = onMessage;
      for (const { message } of waiting) handOver(message, onMessage);
      return () => {
        if (terminal.onMessage === onMessage) terminal.onMessage = undefined;
      };
    },
    standing,
    find(appKey, { registrationIds, fits }) {
      if (registrationIds !== undefined)
        return registrationIds.filter(
          (id) => standing(appKey, id) === 'live' && fits(terminals.get(id)?.labels ?? noLabels),
        );
      const all = [...terminals].filter(([, one]) => one.appKey === appKey && !one.gone && fits(one.labels));
      return all.map(([id]) => id);
    },
    deliver(ids, message, timeToLive, at) {
      for (const id of ids) deliverTo(id, message, timeToLive, at);
    },
    withdraw(ids, msgId) {
      for (const id of ids) {
        const terminal = terminals.get(id);
        if (terminal !== undefined) terminal.box = terminal.box.filter(({ message }) => message.msgId !== msgId);
      }
    },
  };
}
