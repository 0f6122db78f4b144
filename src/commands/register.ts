/** `docs/api.md §4 register`: a terminal says how it can be reached, and for whom. */
import type { App } from '../domain/apps.ts';
import { isChannelFor, servesPackage } from '../domain/channels.ts';
import type { Registration, RegistrationEvent } from '../domain/events.ts';
import { type RegistrationState, registrationDecider } from '../domain/registration.ts';
import { type Rejection, reject } from '../domain/result-codes.ts';
import { registrationStream } from '../domain/streams.ts';
import type { EventLog } from '../ports/event-log.ts';
import { loadRegistration } from '../ports/eventsourcing/load-registration.ts';
import { onlyPackage, packageOf } from './packages.ts';
import { type Cause, type CommandOutcome, executeRemembered } from './remembered.ts';

export interface RegisterInput {
  readonly app: App;
  /** As the request carries it. */
  readonly registration: Omit<Registration, 'appPackage' | 'appId' | 'collab3th' | 'firstRegisteredAt'> & {
    readonly appPackage?: string | undefined;
    /** An integer. */
    readonly collab3th: number;
  };
  /** Of the token, if there is one. */
  readonly tokenUserId?: string | undefined;
  /** Made once the stream is known. */
  readonly causeFor: (stream: string) => Cause<RegistrationEvent, RegistrationState>;
}

/** @returns H32005 or B00001 (package), H32004 (no channel behind it), D00003 or D00008 (not that user's token) */
export async function register(log: EventLog, input: RegisterInput): Promise<CommandOutcome> {
  const { app, registration, tokenUserId } = input;
  const found = channelFor(app, registration);
  if (found.type === 'rejected') return found;
  if (registration.userId !== undefined) {
    if (tokenUserId === undefined) return reject('D00003');
    if (tokenUserId !== registration.userId) return reject('D00008', 'userId');
  }

  const { appPackage, collab3th } = found;
  const stream = registrationStream({ clientId: registration.clientId, appPackage });
  const cause = input.causeFor(stream);
  const complete = { ...registration, appPackage, collab3th, appId: app.appId, firstRegisteredAt: cause.context.at };
  const command = { type: 'Register', registration: complete } as const;
  return executeRemembered(log, registrationDecider, stream, command, cause, { load: loadRegistration });
}

type ChannelFound = ({ readonly type: 'channel' } & Pick<Registration, 'appPackage' | 'collab3th'>) | Rejection;

/** The package, and the channel to the terminal in it. In the order of `docs/api.md §2`: H32005, H32004, B00001. */
function channelFor(app: App, registration: RegisterInput['registration']): ChannelFound {
  const { appPackage, deviceType, collab3th } = registration;
  const named = appPackage === undefined ? undefined : packageOf(app, appPackage);
  if (named?.type === 'rejected') return named;
  if (!isChannelFor(deviceType, collab3th)) return reject('H32004', 'collab3th');
  const found = named ?? onlyPackage(app);
  if (found.type === 'rejected') return found;
  if (!servesPackage(found.package, { collab3th })) return reject('H32004', 'collab3th');
  return { type: 'channel', appPackage: found.package.appPackage, collab3th };
}
