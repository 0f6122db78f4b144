import type { EncodedEvent } from '../../domain/codec.ts';

/** An event as the file has it. */
export interface EventRow extends EncodedEvent {
  readonly position: number;
  readonly stream: string;
  readonly revision: number;
  readonly id: string;
}
