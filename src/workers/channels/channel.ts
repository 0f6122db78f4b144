/** The interface of a delivery channel, for any provider. */

export interface Recipient {
  readonly clientId: string;
  readonly pushId: string;
}

interface Addressed {
  readonly msgId: string;
  readonly appPackage: string;
  /** At least one, at most `GROUP_SIZE` (`domain/dispatch-groups.ts`). */
  readonly recipients: readonly Recipient[];
  /** Whole seconds left, at least 1. */
  readonly timeToLive: number;
  readonly idempotencyKey?: string | undefined;
}

/** The content for a terminal (`docs/api.md §6`). `payloadOf` makes its text. */
export type Delivery = Addressed &
  (
    | {
        readonly type: 'message';
        /** JSON text. */
        readonly payload: string;
      }
    /** Refers to a message that the terminal may have. A control itself is never shown. */
    | { readonly type: 'control'; readonly control: 'cancel' | 'erase' }
  );

/** The provider's answer, for the event; never a secret, never content. */
export interface ProviderAnswer {
  readonly httpStatus?: number | undefined;
  readonly code?: number | undefined;
}

/** Reasons why a call had no effect this time; they concern the provider, not one message. */
export type CallFailure =
  /** Try again later; the outcome may be unknown. */
  | { readonly type: 'failed'; readonly reason: string; readonly provider?: ProviderAnswer }
  /** The provider asks to wait. */
  | {
      readonly type: 'deferred';
      readonly reason: string;
      readonly retryAfterMs: number;
      readonly provider?: ProviderAnswer;
    }
  /** The provider refuses us (credentials, account). */
  | { readonly type: 'denied'; readonly reason: string; readonly provider?: ProviderAnswer };

export type SendResult =
  | { readonly type: 'sent'; readonly providerMessageId?: string | undefined }
  /**
   * The status says that the message was taken, but the answer can't be read and may be a proxy's. To ask again with
   * the same key is safe.
   */
  | {
      readonly type: 'unreadable';
      readonly reason: string;
      readonly provider: ProviderAnswer;
      readonly providerMessageId?: string | undefined;
    }
  /** These recipients are dead (not the others of the call: those were not reached and may be tried again). */
  | {
      readonly type: 'deadRecipients';
      readonly clientIds: readonly string[];
      readonly reason: string;
      readonly provider: ProviderAnswer;
    }
  /**
   * None of several recipients was reached and the provider doesn't say which are dead: send to each alone to learn.
   */
  | { readonly type: 'nobodyReached'; readonly reason: string; readonly provider: ProviderAnswer }
  /**
   * The provider refuses the idempotency key. This call pushed nothing; the outcome of earlier ones with it stays
   * unknown.
   */
  | { readonly type: 'keyRefused'; readonly reason: string; readonly provider: ProviderAnswer }
  /** The provider refuses this message for good. */
  | { readonly type: 'refused'; readonly reason: string; readonly provider: ProviderAnswer }
  | CallFailure;

/** Callers that waited for the same answer of the provider get the same object. */
export type KeyResult =
  | {
      readonly type: 'reserved';
      readonly key: string;
      /** ms since 1970: until when a retry with it is safe. */
      readonly validUntil: number;
    }
  | CallFailure;

export interface RateState {
  /** Calls left in the provider's window. */
  readonly remaining: number;
  /** ms from now until the next window starts; 0 or less if it has started. */
  readonly resetsInMs: number;
}

export interface Channel {
  /**
   * Reserves an idempotency key, to be recorded before the first try. Throws only on an abort. Absent if the provider
   * has no such keys: calls are then made, and repeated, without one.
   */
  reserveKey?(appPackage: string, signal: AbortSignal): Promise<KeyResult>;
  /** One call to the provider, within its deadline. Throws only on an abort. */
  send(delivery: Delivery, signal: AbortSignal): Promise<SendResult>;
  /** The rate that the provider last announced for this package; `undefined` before it announced any. */
  rate(appPackage: string): RateState | undefined;
  close(): Promise<void>;
}

/** A channel whose provider has idempotency keys. */
export type KeyedChannel = Channel & Required<Pick<Channel, 'reserveKey'>>;
