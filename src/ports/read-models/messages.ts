/** The read model of messages: one document for each, with its counts and the standing of every target. */
import type { MessageStatus, StatusCounts } from '../../domain/status.ts';
import type { Collection } from '../documents.ts';

/**
 * The standing of a target, one letter. An open target has no outcome yet: it was neither sent to nor has that failed. A
 * target may report before it is sent to, as far as anybody can tell, and stays open. All other targets stand at their
 * status.
 */
export type TargetStanding = OpenStanding | `${MessageStatus}`;
export type OpenStanding = (typeof openStandings)[keyof typeof openStandings];

/** The letter of an open target at each status that it can have. */
export const openStandings = { 0: '-', 2: 'b', 3: 'c', 4: 'd' } as const;
const OPEN_TARGET = /[-bcd]/;

/**
 * The targets of one app package. Kept short, because the whole message is written whenever the standing of a target
 * changes.
 */
export interface PackageTargets {
  readonly appPackage: string;
  /** In the order of acceptance. */
  readonly clientIds: readonly string[];
  /** One letter for each target, a `TargetStanding`, in the same order. */
  readonly standings: string;
}

export interface MessageDocument {
  readonly msgId: string;
  readonly origin: 'terminal' | 'cloud' | 'host';
  readonly appId: string;
  readonly userId?: string | undefined;
  /** ISO */
  readonly acceptedAt: string;
  /** ISO */
  readonly expiresAt: string;
  /** ISO time of the first hand-over to a provider. */
  readonly pushTime?: string | undefined;
  readonly status: MessageStatus;
  readonly counts: StatusCounts;
  readonly targetCount: number;
  readonly targets: readonly PackageTargets[];
}

/** The id of a document is the msgId. */
export const messages = {
  name: 'messages',
  version: 3,
  indexes: {
    /** Messages with an open target, by their expiry. */
    openUntil: {
      key: (message: MessageDocument) =>
        message.targets.some(({ standings }) => OPEN_TARGET.test(standings)) ? message.expiresAt : undefined,
    },
  },
} satisfies Collection<MessageDocument>;
