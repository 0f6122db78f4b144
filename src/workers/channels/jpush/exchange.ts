/** One call on a connection pool, as a handler of undici's `dispatch`: a third cheaper than `request`, which makes a stream of the body. */
import type { Dispatcher, Pool } from 'undici';

export type Exchanged =
  | {
      readonly type: 'answered';
      readonly status: number;
      readonly headers: Headers;
      /** Empty where the body broke off, was too long for the pool, or came late. */
      readonly text: string;
    }
  /** No status line arrived. `late` says that the deadline was the reason, `error` holds any other. */
  | { readonly type: 'unanswered'; readonly late: true }
  | { readonly type: 'unanswered'; readonly late: false; readonly error: Error };

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** @param deadlineMs for the whole call, time in the pool's queue included @throws the signal's reason once it is aborted */
export function exchange(
  pool: Pool,
  options: Dispatcher.DispatchOptions,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<Exchanged> {
  const { promise, resolve, reject } = Promise.withResolvers<Exchanged>();
  let controller: Dispatcher.DispatchController | undefined;
  let answer: { readonly status: number; readonly headers: Headers } | undefined;
  const chunks: Buffer[] = [];
  let settled = false;

  /** Runs once. The call may still be in the queue then: it is ended when its turn comes. */
  const settle = (finish: () => void): void => {
    if (settled) return;
    settled = true;
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
    finish();
  };
  const cutOff = (finish: () => void): void => {
    settle(finish);
    controller?.abort(new Error('given up'));
  };
  const abort = (): void => cutOff(() => reject(signal.reason));
  const answered = (text: string): boolean => {
    if (answer !== undefined) resolve({ type: 'answered', ...answer, text });
    return answer !== undefined;
  };
  const timer = setTimeout(() => {
    cutOff(() => answered('') || resolve({ type: 'unanswered', late: true }));
  }, deadlineMs);
  signal.addEventListener('abort', abort, { once: true });

  pool.dispatch(options, {
    onRequestStart(started) {
      controller = started;
      if (settled) started.abort(new Error('given up'));
    },
    onResponseStart(_, status, headers) {
      // 1xx announce an answer and are none.
      if (status >= 200) answer = { status, headers };
    },
    onResponseData(_, chunk) {
      chunks.push(chunk);
    },
    onResponseEnd() {
      settle(() => answered(Buffer.concat(chunks).toString('utf8')));
    },
    onResponseError(_, error) {
      settle(() => answered('') || resolve({ type: 'unanswered', late: false, error }));
    },
  });
  return promise;
}
