/** `docs/api.md §4 unreg`: a terminal is not to be reached any more. */
import type { App } from '../domain/apps.ts';
import type { RegistrationEvent } from '../domain/events.ts';
import { registrationDecider } from '../domain/registration.ts';
import { registrationStream } from '../domain/streams.ts';
import type { EventLog } from '../ports/event-log.ts';
import { loadRegistration } from '../ports/eventsourcing/load-registration.ts';
import { packageOf } from './packages.ts';
import { type Cause, type CommandOutcome, executeRemembered } from './remembered.ts';

export interface UnregisterInput {
  readonly app: App;
  readonly clientId: string;
  readonly appPackage: string;
  /** Of the token, if there is one. */
  readonly tokenUserId?: string | undefined;
  readonly causeFor: (stream: string) => Cause<RegistrationEvent>;
}

/** @returns H32005 (package), H32006 (not registered), D00003 or D00008 (not its user's token) */
export async function unregister(log: EventLog, input: UnregisterInput): Promise<CommandOutcome> {
  const { app, clientId, appPackage, tokenUserId } = input;
  const found = packageOf(app, appPackage);
  if (found.type === 'rejected') return found;
  const stream = registrationStream({ clientId, appPackage });
  const command = { type: 'Unregister', userId: tokenUserId } as const;
  return executeRemembered(log, registrationDecider, stream, command, input.causeFor(stream), {
    load: loadRegistration,
  });
}
