/** `contract.md §4 register`: a terminal says how it can be reached, and for whom. */
import type { App } from '../domain/apps.ts';
import type { Registration, RegistrationEvent } from '../domain/events.ts';
import { registrationDecider } from '../domain/registration.ts';
import { reject } from '../domain/result-codes.ts';
import { registrationStream } from '../domain/streams.ts';
import type { EventLog } from '../ports/event-log.ts';
import { packageOrOnly } from './packages.ts';
import { type Cause, type CommandOutcome, executeRemembered } from './remembered.ts';

export interface RegisterInput {
  readonly app: App;
  /** As the request carries it. */
  readonly registration: Omit<Registration, 'appPackage' | 'appId' | 'firstRegisteredAt'> & {
    readonly appPackage?: string | undefined;
  };
  /** Of the token, if there is one. */
  readonly tokenUserId?: string | undefined;
  /** Made once the stream is known. */
  readonly causeFor: (stream: string) => Cause<RegistrationEvent>;
}

/** @returns B00001 or H32005 (package), H32004 (no channel behind it), D00003 or D00008 (not that user's token) */
export async function register(log: EventLog, input: RegisterInput): Promise<CommandOutcome> {
  const { app, registration, tokenUserId } = input;
  const found = packageOrOnly(app, registration.appPackage);
  if (found.type === 'rejected') return found;
  if (registration.collab3th === 0 && found.package.jpush === undefined) return reject('H32004', 'collab3th');
  if (registration.userId !== undefined) {
    if (tokenUserId === undefined) return reject('D00003');
    if (tokenUserId !== registration.userId) return reject('D00008', 'userId');
  }

  const { appPackage } = found.package;
  const stream = registrationStream({ clientId: registration.clientId, appPackage });
  const cause = input.causeFor(stream);
  const complete = { ...registration, appPackage, appId: app.appId, firstRegisteredAt: cause.context.at };
  return executeRemembered(log, registrationDecider, stream, { type: 'Register', registration: complete }, cause);
}
