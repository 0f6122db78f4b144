/** One effect for one `sequenceId` (`contract.md §2 Idempotency`). */
import { hash } from 'node:crypto';
import { type Rejection, reject } from '../domain/result-codes.ts';
import type { EventLog, StoredRequest } from '../ports/event-log.ts';
import type { Call, Effect } from './call.ts';

export interface RequestIdentity {
  /** What makes a request the same. */
  readonly key: string;
  /** What must not differ then. */
  readonly fingerprint: string;
}

/** @returns `undefined` for a request without a sequenceId: nothing is promised for it */
export function identityOf(call: Call): RequestIdentity | undefined {
  const { sequenceId } = call.headers;
  if (sequenceId === undefined) return undefined;
  const subject = JSON.stringify([call.path, call.user?.userId ?? null]);
  return {
    key: JSON.stringify([call.app.appId, call.clientId, sequenceId]),
    fingerprint: hash('sha256', subject + call.body.signed),
  };
}

/**
 * Runs an effect unless its request is remembered, and then answers as it was answered. A twin that runs at the same
 * time may win at any moment until the append: the append itself says so, and a refusal may be the twin's doing.
 */
export async function onceOnly(
  log: EventLog,
  identity: RequestIdentity | undefined,
  run: () => Promise<Effect>,
): Promise<Exclude<Effect, { type: 'duplicateRequest' }>> {
  const earlier = identity && (await log.findRequest(identity.key));
  if (earlier !== undefined) return repeated(identity, earlier);
  const effect = await run();
  switch (effect.type) {
    case 'done':
      return effect;
    case 'duplicateRequest':
      return repeated(identity, effect.earlier);
    case 'rejected': {
      const twin = identity && (await log.findRequest(identity.key));
      return twin === undefined ? effect : repeated(identity, twin);
    }
  }
}

function repeated(
  identity: RequestIdentity | undefined,
  earlier: StoredRequest,
): Extract<Effect, { type: 'done' }> | Rejection {
  if (identity?.fingerprint !== earlier.fingerprint) return reject('C00005');
  return { type: 'done', answer: earlier.answer, position: earlier.position };
}
