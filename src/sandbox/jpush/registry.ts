/** Who is reachable: registration ids, the connections behind them, and a box for those that are offline. */
import { randomBytes } from 'node:crypto';

/** What an app on a terminal gets from the SDK. */
export interface PushedMessage {
  /** JPush's id of the push. */
  readonly msgId: string;
  readonly content: string | undefined;
  readonly notification: unknown;
}

export type OnMessage = (message: PushedMessage) => void;

/** Malformed or another app's: JPush calls both invalid. Gone: well-formed, but nobody lives there. */
export type RegistrationIdState = 'live' | 'invalid' | 'gone';

export interface Registry {
  /** A terminal of an app, offline at first. @returns its registration id, made up where none is given */
  register(appKey: string, registrationId?: string): string;
  /** The app was uninstalled: the id is gone for good. */
  retire(appKey: string, registrationId: string): void;
  /** Brings a registered terminal online; what waited for it comes at once. @returns how to go offline */
  connect(registrationId: string, onMessage: OnMessage): () => void;
  standing(appKey: string, registrationId: string): RegistrationIdState;
  /** When it was online last, in ms since 1970; `undefined` if it never was. */
  lastOnline(registrationId: string): number | undefined;
  /** To connections, or into the box of who is offline; a time to live of 0 is for who is online only. */
  deliver(ids: readonly string[], message: PushedMessage, timeToLive: number, now: number): void;
  /** Takes back what still waits in a box. */
  withdraw(ids: readonly string[], msgId: string): void;
}

/** An offline terminal keeps the newest only. */
const BOX_SIZE = 5;
const MAX_TERMINALS = 200_000;
const wellFormed = /^[\w.-]{1,64}$/;

interface Terminal {
  readonly appKey: string;
  gone: boolean;
  onMessage?: OnMessage | undefined;
  /** When it was last seen to go offline, in ms since 1970. */
  leftAt?: number;
  box: readonly { readonly message: PushedMessage; readonly expiresAt: number }[];
}

export interface RegistryOptions {
  /** Whether a well-formed id that was never registered counts as live. */
  readonly adoptUnknown: boolean;
  readonly now: () => number;
  /** Told of each message that a connection got. */
  readonly onReceived?: (msgId: string, registrationId: string) => void;
}

export function registry({ adoptUnknown, now, onReceived = () => {} }: RegistryOptions): Registry {
  const terminals = new Map<string, Terminal>();

  const add = (appKey: string, id: string): Terminal => {
    if (terminals.size >= MAX_TERMINALS) throw new Error(`the look-alike holds ${MAX_TERMINALS} terminals at most`);
    const terminal = { appKey, gone: false, box: [] };
    terminals.set(id, terminal);
    return terminal;
  };

  const handOver = (id: string, message: PushedMessage, onMessage: OnMessage): void =>
    queueMicrotask(() => {
      onReceived(message.msgId, id);
      onMessage(message);
    });

  const deliverTo = (id: string, message: PushedMessage, timeToLive: number, at: number): void => {
    const terminal = terminals.get(id);
    const onMessage = terminal?.onMessage;
    if (onMessage !== undefined) handOver(id, message, onMessage);
    else if (terminal !== undefined && timeToLive > 0)
      terminal.box = [...terminal.box, { message, expiresAt: at + timeToLive * 1000 }].slice(-BOX_SIZE);
  };

  return {
    register(appKey, registrationId = `1${randomBytes(9).toString('hex')}`) {
      if (!wellFormed.test(registrationId)) throw new Error(`not a registration id: ${registrationId}`);
      add(appKey, registrationId);
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
      for (const { message } of waiting) handOver(registrationId, message, onMessage);
      return () => {
        if (terminal.onMessage !== onMessage) return;
        terminal.onMessage = undefined;
        terminal.leftAt = now();
      };
    },
    lastOnline(registrationId) {
      const terminal = terminals.get(registrationId);
      return terminal?.onMessage === undefined ? terminal?.leftAt : now();
    },
    standing(appKey, registrationId) {
      if (!wellFormed.test(registrationId)) return 'invalid';
      const terminal = terminals.get(registrationId);
      if (terminal === undefined) return adoptUnknown ? 'live' : 'gone';
      if (terminal.appKey !== appKey) return 'invalid';
      return terminal.gone ? 'gone' : 'live';
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
