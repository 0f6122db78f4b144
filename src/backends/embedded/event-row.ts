import type { EncodedEvent } from '../../domain/codec.ts';

/** An event as it is stored in the file. */
export interface EventRow extends EncodedEvent {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}
