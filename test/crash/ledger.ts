/** The requests of the clients and the answers they got, to compare with the service's own data. */

export interface Registered {
  readonly clientId: string;
  readonly user: string;
  /** The last one that was answered 00000. */
  pushId: string | undefined;
  /** Asked for since then, never answered: any of them may be in force. */
  readonly maybe: string[];
}

export interface Pushed {
  readonly user: string;
  readonly clientId: string;
  /** clientIds */
  readonly targets: readonly string[];
  readonly sequenceId: string | undefined;
  /** The request's text, to send it again. */
  readonly body: string;
  /** Every msgId that it was answered with: one, if all is well. */
  readonly msgIds: Set<string>;
}

export interface Reported {
  /** The highest that was answered 00000. */
  answered: number;
  /** The highest that was asked for. */
  asked: number;
}

export interface Ledger {
  readonly registrations: Map<string, Registered>;
  readonly pushes: Pushed[];
  /** Answered pushes by msgId. */
  readonly messages: Map<string, Pushed>;
  /** By `reportKey`. */
  readonly reports: Map<string, Reported>;
  readonly counts: {
    answered: number;
    unanswered: number;
    registers: number;
    reports: number;
    /** Requests that were sent again with their sequenceId, after a crash or beside each other. */
    repeats: number;
    reads: number;
    /** Pushes without a sequenceId that were never answered: each may have had an effect. */
    lostPushes: number;
  };
  /** Events that should not have happened, in words. */
  readonly violations: string[];
}

export function emptyLedger(): Ledger {
  return {
    registrations: new Map(),
    pushes: [],
    messages: new Map(),
    reports: new Map(),
    counts: { answered: 0, unanswered: 0, registers: 0, reports: 0, repeats: 0, reads: 0, lostPushes: 0 },
    violations: [],
  };
}

export const reportKey = (msgId: string, clientId: string): string => `${msgId} ${clientId}`;
