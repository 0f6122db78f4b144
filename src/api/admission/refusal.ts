/** Answers a request that is not let in: A00001 with `Retry-After`, straight on Node's response. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { reject } from '../../domain/result-codes.ts';
import type { Logger } from '../../ports/logger.ts';
import { type AccessLine, logAccess, noteIds } from '../http/access-log.ts';
import { CONTENT_TYPE, refusalAnswer } from '../http/envelope.ts';
import { readHeaders } from '../http/headers.ts';

/**
 * A client that is still sending can't receive an answer. So the rest of its request is read and dropped for this long,
 * in ms.
 */
const DRAIN_MS = 500;

const unavailable = refusalAnswer(reject('A00001'));
const headers = {
  ...unavailable.headers,
  'content-type': CONTENT_TYPE,
  'content-length': String(Buffer.byteLength(unavailable.text)),
};
const lastHeaders = { ...headers, connection: 'close' };

export interface Refused {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** Begun when the request came. */
  readonly line: AccessLine;
}

/** @param options.last the connection ends with this answer */
export function refuse(
  logger: Logger,
  { request, response, line }: Refused,
  { last }: { readonly last: boolean },
): void {
  const answer = (): void => {
    clearTimeout(timer);
    request.off('end', answer);
    // The client may have gone while its refusal was held.
    if (response.destroyed || response.writableEnded) return;
    response.writeHead(unavailable.status, last || !request.complete ? lastHeaders : headers);
    response.end(unavailable.text);
    noteIds(line, readHeaders(request.headers), { clientId: line.path?.startsWith('/umse/') !== true });
    logAccess(logger, line, unavailable);
  };
  let timer: NodeJS.Timeout | undefined;
  if (request.complete) {
    answer();
    return;
  }
  timer = setTimeout(answer, DRAIN_MS);
  request.once('end', answer);
  response.once('close', () => clearTimeout(timer));
  request.resume();
}
