/** One effect for one `sequenceId` (`docs/api.md §2 Idempotency`). */
import { hash } from 'node:crypto';
import type { CommandOutcome, RequestIdentity } from '../../commands/remembered.ts';
import { type Rejection, reject } from '../../domain/result-codes.ts';
import type { EventLog, StoredRequest } from '../../ports/event-log.ts';
import type { Call } from './call.ts';

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
 * Runs an effect once. First requests are not looked up: the append (or, where there is nothing to append, the record)
 * detects a duplicate. After a refusal or a failure the record is looked up, since the earlier request may be the cause.
 * Concurrent duplicates take the same path.
 */
export async function onceOnly(
  log: EventLog,
  identity: RequestIdentity | undefined,
  run: () => Promise<CommandOutcome>,
): Promise<Exclude<CommandOutcome, { type: 'duplicateRequest' }>> {
  if (identity === undefined) return unremembered(await run());
  let effect: CommandOutcome;
  try {
    effect = await run();
  } catch (error) {
    const earlier = await log.findRequest(identity.key);
    if (earlier === undefined) throw error;
    return repeated(identity, earlier);
  }
  switch (effect.type) {
    case 'done':
      return effect;
    case 'duplicateRequest':
      return repeated(identity, effect.earlier);
    case 'rejected': {
      const earlier = await log.findRequest(identity.key);
      return earlier === undefined ? effect : repeated(identity, earlier);
    }
  }
}

function unremembered(effect: CommandOutcome): Exclude<CommandOutcome, { type: 'duplicateRequest' }> {
  if (effect.type === 'duplicateRequest') throw new Error('a request without an identity was found again');
  return effect;
}

function repeated(
  identity: RequestIdentity,
  earlier: StoredRequest,
): Extract<CommandOutcome, { type: 'done' }> | Rejection {
  if (identity.fingerprint !== earlier.fingerprint) return reject('C00005');
  return { type: 'done', answer: earlier.answer, position: earlier.position };
}
