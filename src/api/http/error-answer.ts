/** Exceptions become answers only here, at the edge (`docs/architecture.md §Commands`). */

import { ZodError } from 'zod';
import { reject } from '../../domain/result-codes.ts';
import { DeadlineExceeded, StoreUnavailable } from '../../ports/errors.ts';
import type { Logger } from '../../ports/logger.ts';
import { type AccessLine, idsOf } from './access-log.ts';
import { type Answer, refusalAnswer } from './envelope.ts';

/** The answer carries no internals; the log carries the error, without any part that quotes the request. */
export function answerForError(logger: Logger, line: AccessLine, error: unknown): Answer {
  if (error instanceof StoreUnavailable) {
    logger.warn({ ...idsOf(line), reason: error.message }, 'store unavailable');
    return refusalAnswer(reject('A00001'));
  }
  if (error instanceof DeadlineExceeded) {
    logger.warn({ ...idsOf(line), reason: error.message }, 'deadline exceeded');
    return refusalAnswer(reject('A00003'));
  }
  logger.error({ ...idsOf(line), error: described(error) }, 'unforeseen error');
  return refusalAnswer(reject('A00004'));
}

/**
 * A ZodError's message may quote input, so only the paths in it are logged. The stack is logged without the message.
 */
function described(error: unknown): { type: string; message: string; stack?: string | undefined } {
  if (!(error instanceof Error)) return { type: typeof error, message: 'not an Error' };
  const message =
    error instanceof ZodError ? error.issues.map(({ path }) => path.map(String).join('.')).join(', ') : error.message;
  return { type: error.name, message, stack: framesOf(error) };
}

function framesOf({ stack }: Error): string | undefined {
  return stack
    ?.split('\n')
    .filter((frame) => /^\s+at /.test(frame))
    .join('\n');
}
