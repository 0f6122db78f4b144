/** Mounts an endpoint at a path: passes fastify's request to `serve`, and sends the answer with fastify's reply. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { accessLine } from '../http/access-log.ts';
import { type Answer, envelopeSchema, refusalAnswer, success, successAnswer } from '../http/envelope.ts';
import { answerForError } from '../http/error-answer.ts';
import { send } from '../http/send.ts';
import type { Services } from '../http/services.ts';
import type { CallerKind } from './call.ts';
import { type Endpoint, type Exchange, type Served, serve } from './endpoint.ts';
import { answerSchema } from './schemas.ts';

export interface MountPoint {
  readonly prefix: string;
  readonly caller: CallerKind;
}

export type Mount = <P, D>(at: MountPoint, endpoint: Endpoint<P, D>) => void;

export function mountOn(app: FastifyInstance, services: Services): Mount {
  return ({ prefix, caller }, endpoint) => {
    app.route({
      method: 'POST',
      url: `${prefix}/${endpoint.name}`,
      // The compiled serialiser makes the text before the reply goes out, since an answer is remembered as text.
      schema: { response: { 200: envelopeSchema(answerSchema(endpoint.data)) } },
      handler(request, reply) {
        handle(services, endpoint, caller, request, reply).catch((error: unknown) => {
          // The answer itself could not be sent, so only the log can say so.
          answerForError(services.deps.logger, accessLine(request.raw), error);
          request.raw.destroy();
        });
      },
    });
  };
}

async function handle<P, D>(
  services: Services,
  endpoint: Endpoint<P, D>,
  caller: CallerKind,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { raw } = request;
  const { admission } = services;
  const line = accessLine(raw);
  const exchange: Exchange<D> = {
    raw,
    path: line.path ?? '',
    line,
    answer: (data) => reply.serialize(success(data)) as string,
    outside: (waiting) => admission.outside(raw, waiting),
  };
  admission.enter(raw);
  try {
    const answer = await answerOf(services, () => serve(services, endpoint, caller, exchange), exchange);
    if (answer !== undefined) send(services, reply, line, answer);
  } finally {
    admission.leave(raw);
  }
}

async function answerOf(
  { deps }: Services,
  run: () => Promise<Served>,
  { line }: Pick<Exchange<never>, 'line'>,
): Promise<Answer | undefined> {
  try {
    const served = await run();
    if (served === undefined) return undefined;
    return served.type === 'done' ? successAnswer(served.answer) : refusalAnswer(served);
  } catch (error) {
    return answerForError(deps.logger, line, error);
  }
}
