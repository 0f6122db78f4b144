/** Appends what became of a group to the message's stream. Each kind of outcome of a group and round has ids of its own. */
import type { MessageEvent } from '../domain/events.ts';
import { type MessageCommand, type MessageState, messageDecider } from '../domain/message.ts';
import { registrationDecider } from '../domain/registration.ts';
import { messageStream, registrationStream } from '../domain/streams.ts';
import type { Clock } from '../ports/clock.ts';
import type { EventLog, RecordedEvent } from '../ports/event-log.ts';
import { execute, type Loaded } from '../ports/execute.ts';
import { workerContext } from './context.ts';

export interface Recorder {
  /**
   * Decides on the stream as this recorder knows it, or as it is if that has moved on; what is settled already is not
   * settled again.
   * @param scope tells this outcome from others of its kind on the stream; the same outcome has it again
   * @returns whether there was anything to record
   */
  message(command: Exclude<MessageCommand, { type: 'Accept' }>, scope: string): Promise<boolean>;
  /**
   * Ends a registration whose pushId the provider does not know, unless it has got another one meanwhile.
   * @returns whether it was ended
   */
  rejectPushId(appPackage: string, clientId: string, pushId: string): Promise<boolean>;
}

/** @param accepted the message's first event @param loaded its stream as it was read */
export function recorder(log: EventLog, clock: Clock, accepted: RecordedEvent, loaded: Loaded<MessageState>): Recorder {
  let known = loaded;
  const stream = messageStream((accepted.event as MessageEvent).data.msgId);
  return {
    async message(command, scope) {
      const result = await execute(log, messageDecider, stream, command, {
        context: workerContext(accepted, clock),
        cause: `${accepted.id} ${command.type} ${scope}`,
        loaded: known,
      });
      if (result.type !== 'done') return false;
      known = result.loaded;
      return result.events.length > 0;
    },
    async rejectPushId(appPackage, clientId, pushId) {
      const context = {
        ...workerContext(accepted, clock),
        correlationId: registrationStream({ clientId, appPackage }),
      };
      const command = { type: 'RejectPushId', pushId } as const;
      const result = await execute(log, registrationDecider, registrationStream({ clientId, appPackage }), command, {
        context,
        cause: `${accepted.id} ${pushId}`,
      });
      return result.type === 'done' && result.events.length > 0;
    },
  };
}
