/** The envelope that every answer travels in (`docs/api.md §2 Answers`), and refusals in it. */
import { httpStatusOf, type RefusalCode, type Rejection, type RetCode, retInfoOf } from '../../domain/result-codes.ts';

export const CONTENT_TYPE = 'application/json; charset=utf-8';

/** An answer ready to send. */
export interface Answer {
  readonly status: number;
  readonly retCode: RetCode;
  /** The whole envelope as JSON text. */
  readonly text: string;
  /** More headers, lower case. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A refusal; with a status where the HTTP layer refuses rather than the business logic. */
export interface Refusal extends Rejection {
  readonly httpStatus?: number | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The connection ends with this answer, since the rest of the request is not read. */
  readonly last?: boolean | undefined;
}

/** Every 503 says when to come back, in seconds. */
const RETRY_LATER = { 'retry-after': '1' };
/** For a connection on which the rest of a request stays unread. */
const CLOSE = { connection: 'close' };

/** A refusal by the HTTP layer, with an HTTP status of its own. */
export function httpRefusal(httpStatus: number, code: RefusalCode, detail?: string): Refusal {
  return { type: 'rejected', code, detail, httpStatus };
}

export function refusalAnswer(refusal: Refusal): Answer {
  const { code, detail } = refusal;
  const status = refusal.httpStatus ?? httpStatusOf(code);
  return {
    status,
    retCode: code,
    text: JSON.stringify({ retCode: code, retInfo: retInfoOf(code, detail), data: null }),
    headers: headersOf(refusal, status),
  };
}

function headersOf({ headers, last }: Refusal, status: number): Answer['headers'] {
  if (status !== 503 && last !== true) return headers;
  return { ...(status === 503 && RETRY_LATER), ...(last === true && CLOSE), ...headers };
}

/** @param text the whole envelope, as its endpoint's serialiser made it */
export function successAnswer(text: string): Answer {
  return { status: 200, retCode: '00000', text };
}

/** The envelope of a success, for an endpoint's compiled serialiser. */
export function success(data: unknown): { retCode: RetCode; retInfo: string; data: unknown } {
  return { retCode: '00000', retInfo: retInfoOf('00000'), data };
}

/** The JSON schema of an envelope around `data`; fastify compiles an endpoint's serialiser from it. */
export function envelopeSchema(data: object): object {
  return {
    type: 'object',
    required: ['retCode', 'retInfo', 'data'],
    properties: { retCode: { type: 'string' }, retInfo: { type: 'string' }, data },
  };
}
