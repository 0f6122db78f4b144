/** Sessions of the messages on which jobs of this process work, and on which they will probably work next. */
import type { EventOf } from '../../domain/events.ts';
import type { Clock } from '../../ports/clock.ts';
import type { EventLog, RecordedEvent } from '../../ports/event-log.ts';
import { type MessageSession, messageSession } from './message-session.ts';

/** Total targets of the messages that are kept while no job works on them: some 10 MB. */
const MAX_KEPT_TARGETS = 20_000;

export interface MessageSessions {
  /** Keeps a message that was just read from the log, so that its first job need not read it again. */
  begin(accepted: RecordedEvent<EventOf<'MessageAccepted'>>): void;
  /** Gives all jobs that work on the message at once, or soon after each other, the same session. */
  use<R>(msgId: string, work: (message: MessageSession) => Promise<R>): Promise<R>;
}

export function messageSessions(log: EventLog, clock: Clock, maxKeptTargets = MAX_KEPT_TARGETS): MessageSessions {
  const inUse = new Map<string, { readonly message: MessageSession; users: number }>();
  /** Least recently used first. */
  const kept = new Map<string, MessageSession>();
  let keptTargets = 0;

  const takeKept = (msgId: string): MessageSession | undefined => {
    const message = kept.get(msgId);
    if (message === undefined) return undefined;
    kept.delete(msgId);
    keptTargets -= message.size();
    return message;
  };

  const keep = (msgId: string, message: MessageSession): void => {
    kept.set(msgId, message);
    keptTargets += message.size();
    for (const oldest of kept.keys()) {
      if (keptTargets <= maxKeptTargets) return;
      takeKept(oldest);
    }
  };

  return {
    begin(accepted) {
      const { msgId } = accepted.event.data;
      if (!inUse.has(msgId) && !kept.has(msgId)) keep(msgId, messageSession(log, clock, msgId, accepted));
    },
    async use(msgId, work) {
      const entry = inUse.get(msgId) ?? { message: takeKept(msgId) ?? messageSession(log, clock, msgId), users: 0 };
      inUse.set(msgId, entry);
      entry.users += 1;
      try {
        return await work(entry.message);
      } finally {
        entry.users -= 1;
        if (entry.users === 0) {
          inUse.delete(msgId);
          // A message that is not visible yet has size 0. It is not kept, since the bound would not count it.
          if (entry.message.size() > 0 && !entry.message.isSettled()) keep(msgId, entry.message);
        }
      }
    },
  };
}
