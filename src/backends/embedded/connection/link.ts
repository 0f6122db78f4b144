/**
 * A thread's link to the writer thread: sends operations in batches, completes their promises and passes notices on.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { CALL_WITHIN_MS, carried, StoreUnavailable } from '../../../ports/errors.ts';
import type { FromWriter, Notice, Op, Reply, ToWriter } from '../protocol.ts';
import { busyShare } from './busy-share.ts';

/** How many operations may wait for their commit. Beyond that the store counts as overloaded. */
const MAX_PENDING = 20_000;
/** A batch goes out at the end of the event loop's turn, or as soon as it has this many operations. */
const FLUSH_AT = 64;
/** An unanswered call fails after this part of the time within which every call must end. */
const PATIENCE = 10 / 12;
/** Overdue calls are looked for at this interval, also as a part of that time. */
const LOOK_EVERY = 1 / 12;

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** Time at which the call fails if it has no answer, by the monotonic clock. */
  readonly until: number;
}

export interface Link {
  /**
   * @throws StoreUnavailable if too many operations wait, or the writer is gone or silent; otherwise the error with
   * which the writer refuses the operation (`ports/errors.ts`)
   */
  send<T>(op: Op): Promise<T>;
  /**
   * Sends an operation whose outcome must not stay unknown: it waits for the answer as long as the writer lives. For
   * instance, a taken job would have no consumer if the answer with the job were lost.
   */
  sendAndWait<T>(op: Op): Promise<T>;
  /** Calls the listener with every notice, before the promises of the same commit are completed. */
  onNotice(listener: (notice: Notice) => void): void;
  /**
   * Processes the messages of the writer that have arrived, without waiting for the event loop.
   * @returns false if a notice is still on its way here: another thread may have received it a moment earlier
   */
  drainNotices(): boolean;
  /** Aborts when the link is closed or lost, so that waits for notices end. */
  readonly signal: AbortSignal;
  /** Waits for the answers to all sent operations, but no longer than the deadline of a call, then closes the port. */
  close(): Promise<void>;
  /** To be called when the writer is gone. Every pending call fails. */
  lost(reason: string): void;
}

/** @param withinMs time, in ms, within which every call of a port must end */
export function openLink(port: MessagePort, withinMs = CALL_WITHIN_MS): Link {
  const deadlineMs = withinMs * PATIENCE;
  const pending = new Map<number, Pending>();
  const listeners: ((notice: Notice) => void)[] = [];
  const closing = new AbortController();
  const busy = busyShare();
  let outbox: Op[] = [];
  let nextNumber = 0;
  let scheduled: NodeJS.Immediate | undefined;
  let gone: string | undefined;
  let left: (() => void) | undefined;
  /** Shared memory with the number of the newest notice, once the writer has attached this link. */
  let newest: Int32Array | undefined;
  let heard = 0;

  const flush = (): void => {
    if (scheduled !== undefined) clearImmediate(scheduled);
    scheduled = undefined;
    if (outbox.length === 0) return;
    const first = nextNumber - outbox.length;
    port.postMessage({ type: 'ops', first, ops: outbox, busy: busy() } satisfies ToWriter);
    outbox = [];
  };

  const fail = (which: (waiting: Pending) => boolean, reason: string): void => {
    for (const [number, waiting] of pending) {
      if (!which(waiting)) continue;
      pending.delete(number);
      waiting.reject(new StoreUnavailable(reason));
    }
  };
  const failAll = (reason: string): void => fail(() => true, reason);

  const complete = (number: number, reply: Reply): void => {
    const waiting = pending.get(number);
    if (waiting === undefined) return;
    pending.delete(number);
    if (reply.ok) waiting.resolve(reply.value);
    else waiting.reject(carried(reply.error));
  };

  const receive = (message: FromWriter): void => {
    if (message.type === 'left') {
      left?.();
      return;
    }
    if (message.type === 'attached') newest = message.newest;
    if (message.notice !== undefined) {
      heard = message.news ?? heard;
      for (const listener of listeners) listener(message.notice);
    }
    if (message.type === 'attached') return;
    for (const { first, replies } of message.replies)
      for (const [index, reply] of replies.entries()) complete(first + index, reply);
  };
  port.on('message', receive);

  const watch = setInterval(() => {
    const oldest = pending.values().find(hasDeadline);
    if (oldest !== undefined && performance.now() > oldest.until)
      fail(hasDeadline, `the store has not answered for ${deadlineMs} ms`);
  }, withinMs * LOOK_EVERY);
  watch.unref();

  const lost = (reason: string): void => {
    gone ??= reason;
    clearInterval(watch);
    failAll(reason);
    closing.abort();
    left?.();
  };

  const enqueue = <T>(op: Op, until: number): Promise<T> => {
    if (gone !== undefined) return Promise.reject(new StoreUnavailable(gone));
    if (pending.size >= MAX_PENDING) return Promise.reject(new StoreUnavailable('the store is overloaded'));
    return new Promise<T>((resolve, reject) => {
      pending.set(nextNumber, { resolve: resolve as (value: unknown) => void, reject, until });
      nextNumber += 1;
      outbox.push(op);
      if (outbox.length >= FLUSH_AT) flush();
      else scheduled ??= setImmediate(flush);
    });
  };

  return {
    signal: closing.signal,
    send: (op) => enqueue(op, performance.now() + deadlineMs),
    sendAndWait: (op) => enqueue(op, Number.POSITIVE_INFINITY),
    onNotice: (listener) => void listeners.push(listener),
    drainNotices() {
      for (;;) {
        const received = receiveMessageOnPort(port) as { message: FromWriter } | undefined;
        if (received === undefined) break;
        receive(received.message);
      }
      return newest !== undefined && Atomics.load(newest, 0) === heard;
    },
    async close() {
      if (gone !== undefined) return;
      flush();
      gone = 'the store is closed';
      closing.abort();
      await new Promise<void>((resolve) => {
        const silent = setTimeout(resolve, deadlineMs);
        left = () => {
          clearTimeout(silent);
          resolve();
        };
        port.postMessage({ type: 'leave' } satisfies ToWriter);
      });
      clearInterval(watch);
      failAll('the store is closed');
      port.close();
    },
    lost,
  };
}

function hasDeadline({ until }: Pending): boolean {
  return until < Number.POSITIVE_INFINITY;
}
