/**
 * The messages between the two sides of a connection elsewhere. Everything can be cloned, so that it goes through a
 * thread's port as well as through a process's channel.
 */

import { UndecodableEvent } from '../../../src/domain/codec.ts';
import type { Position } from '../../../src/domain/position.ts';
import { type CarriedError, carried, carry, isPortable } from '../../../src/ports/errors.ts';
import { AppendTooLarge, type LogFilter } from '../../../src/ports/event-log.ts';
import { DeadJob, type Job, PauseQueue, RetryJob } from '../../../src/ports/jobs.ts';

export type PortName = 'log' | 'documents' | 'jobs' | 'contents' | 'leases';

/** Where a side lives. */
export interface Place {
  readonly pid: number;
  readonly threadId: number;
}

/** Every answer carries the number of its call. */
export type ToFar =
  | {
      readonly type: 'call';
      readonly number: number;
      readonly port: PortName;
      readonly method: string;
      readonly args: unknown[];
    }
  | { readonly type: 'place' | 'close'; readonly number: number }
  | {
      readonly type: 'subscribe';
      readonly subscription: number;
      readonly after: Position;
      readonly filter: LogFilter;
    }
  | { readonly type: 'next' | 'leave'; readonly number: number; readonly subscription: number }
  | { readonly type: 'abort'; readonly subscription: number }
  | { readonly type: 'consume'; readonly consumer: number; readonly queuePrefix: string; readonly concurrency: number }
  | { readonly type: 'acquire'; readonly number: number; readonly acquiring: number; readonly name: string }
  /** Gives up waiting, or gives the lease back. */
  | { readonly type: 'release'; readonly number: number; readonly acquiring: number }
  | { readonly type: 'closeConsumer'; readonly number: number; readonly consumer: number; readonly graceMs: number }
  | { readonly type: 'handled'; readonly run: number; readonly failure?: WireError | undefined };

export type FromFar =
  | { readonly type: 'answer'; readonly number: number; readonly value: unknown }
  | { readonly type: 'failure'; readonly number: number; readonly error: WireError }
  | { readonly type: 'run'; readonly consumer: number; readonly run: number; readonly job: Job<unknown> }
  | { readonly type: 'cut'; readonly run: number }
  | { readonly type: 'lost'; readonly acquiring: number }
  | {
      readonly type: 'told';
      readonly consumer: number;
      readonly error: WireError;
      readonly job: Job<unknown> | undefined;
    };

/** One side's end of the line. */
export interface Channel<Out, In> {
  send(message: Out): void;
  onMessage(listener: (message: In) => void): void;
}

/** An error, or another thrown value. */
export type WireError =
  | { readonly type: 'portable'; readonly error: CarriedError }
  | { readonly type: 'error'; readonly name: string; readonly message: string; readonly ms: number | undefined }
  | { readonly type: 'value'; readonly value: unknown };

export function toWire(error: unknown): WireError {
  if (!(error instanceof Error)) return { type: 'value', value: error };
  if (isPortable(error)) return { type: 'portable', error: carry(error, 'StoreUnavailable') };
  const ms = error instanceof RetryJob ? error.notAfterMs : error instanceof PauseQueue ? error.pauseMs : undefined;
  return { type: 'error', name: error.name, message: error.message, ms };
}

/** The errors of the ports are of their class again. */
export function fromWire(error: WireError): unknown {
  if (error.type === 'value') return error.value;
  if (error.type === 'portable') return carried(error.error);
  const { name, message, ms } = error;
  switch (name) {
    case 'UndecodableEvent':
      return new UndecodableEvent(message);
    case 'AppendTooLarge':
      return new AppendTooLarge(message);
    case 'RetryJob':
      return new RetryJob(message, ms);
    case 'PauseQueue':
      return new PauseQueue(message, ms ?? 0);
    case 'DeadJob':
      return new DeadJob(message);
    default:
      return Object.assign(new Error(message), { name });
  }
}
