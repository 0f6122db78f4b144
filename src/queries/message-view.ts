/** The answer to a question for a message. */
import type { MessageStatus, StatusCounts } from '../domain/status.ts';
import type { TargetView } from '../domain/target-view.ts';

/** The part that does not change with the targets. */
export interface MessageHeader {
  readonly msgId: string;
  readonly appId: string;
  /** The sending user. */
  readonly userId?: string | undefined;
  /** ISO */
  readonly acceptedAt: string;
}

export interface MessageParts {
  readonly header: MessageHeader;
  /** In the order of acceptance. */
  readonly targets: readonly TargetView[];
}

export interface MessageView extends MessageParts {
  /** ISO, first hand-over to a provider. */
  readonly pushTime: string | undefined;
  readonly status: MessageStatus;
  readonly summary: StatusCounts;
}
