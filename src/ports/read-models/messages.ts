/** The read model of messages: a document each, with its counts and how every target stands. */
import type { MessageStatus, StatusCounts } from '../../domain/status.ts';
import type { Collection } from '../documents.ts';

/** How a target stands: its status, or `-` while that is 0 and it has had no outcome, neither sent to nor failed. */
export type TargetStanding = typeof OPEN | `${MessageStatus}`;
export const OPEN = '-';

/** The targets of one app package. In as few letters as can be: a message is written whole whenever a target moves. */
export interface PackageTargets {
  readonly appPackage: string;
  /** In the order of acceptance. */
  readonly clientIds: readonly string[];
  /** A `TargetStanding` each, one letter, in the same order. */
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
  /** ISO, first hand-over to a provider. */
  readonly pushTime?: string | undefined;
  readonly status: MessageStatus;
  readonly counts: StatusCounts;
  readonly targetCount: number;
  readonly targets: readonly PackageTargets[];
}

/** Its id is the msgId. */
export const messages = {
  name: 'messages',
  version: 2,
  indexes: {
    /** Messages with an open target, by their expiry. */
    openUntil: {
      key: (message: MessageDocument) =>
        message.targets.some(({ standings }) => standings.includes(OPEN)) ? message.expiresAt : undefined,
    },
  },
} satisfies Collection<MessageDocument>;
