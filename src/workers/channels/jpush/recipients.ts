/** Finds the recipients that a refusal of targets concerns (`docs/jpush.md §12`, "Terminal is dead"). */
import type { Delivery, Recipient, SendResult } from '../channel.ts';
import { pushIdsOf } from './push-body.ts';
import type { Verdict } from './verdict.ts';

/** A shorter id that merely occurs in a text proves nothing: it may be a word of it. */
const MIN_QUOTED_LENGTH = 8;

/** A single target is dead. Of several targets only those are dead that the text names; the others may be alive. */
export function targetsRefused(verdict: Extract<Verdict, { type: 'target' }>, delivery: Delivery): SendResult {
  const { text, reason, provider } = verdict;
  const { recipients } = delivery;
  const dead = pushIdsOf(delivery).length === 1 ? recipients : recipientsNamed(text, recipients);
  if (dead.length === 0) return { type: 'nobodyReached', reason, provider };
  return { type: 'deadRecipients', clientIds: dead.map(({ clientId }) => clientId), reason, provider };
}

/** The recipients whose pushId the text names ("The registration_id X is invalid!") or quotes otherwise. */
export function recipientsNamed(text: string, recipients: readonly Recipient[]): readonly Recipient[] {
  const named = /registration_id\s+(.+)\s+is invalid/i.exec(text)?.[1];
  const exact = recipients.filter(({ pushId }) => pushId === named);
  if (exact.length > 0) return exact;
  return recipients.filter(({ pushId }) => pushId.length >= MIN_QUOTED_LENGTH && standsAlone(text, pushId));
}

/** Whether `id` is in the text and not merely as a piece of a longer id. */
function standsAlone(text: string, id: string): boolean {
  const isPart = (char: string | undefined): boolean => char !== undefined && /[\p{L}\p{N}_-]/u.test(char);
  for (let at = text.indexOf(id); at !== -1; at = text.indexOf(id, at + 1))
    if (!isPart(text[at - 1]) && !isPart(text[at + id.length])) return true;
  return false;
}
