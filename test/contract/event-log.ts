/**
 * The contract of `EventLog` (`src/ports/event-log.ts`), written against the port alone. A backend enrols with
 * `eventLogContract('name', open)`; nothing here may lean on one store or on being its only user.
 */
import { describe } from 'vitest';
import type { StreamName } from '../../src/domain/streams.ts';
import type { Contents } from '../../src/ports/contents.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { appendContract } from './event-log/append.ts';
import { concurrencyContract } from './event-log/concurrency.ts';
import { idempotenceContract } from './event-log/idempotence.ts';
import { poisonContract } from './event-log/poison.ts';
import { readContract } from './event-log/read.ts';
import { requestContract } from './event-log/requests.ts';
import { subscribeContract } from './event-log/subscribe.ts';

export interface OpenedEventLog {
  readonly log: EventLog;
  /** The same log through another connection, where there can be several. */
  readonly other?: EventLog;
  /** Where `AppendOptions.content` goes. */
  readonly contents: Contents;
  /** Appends a `ChannelUpdated` whose data breaks its schema and holds `POISON`, where a backend can be made to. */
  poison?(stream: StreamName): Promise<void>;
  /** Closes and opens again on the same data. Absent for a backend whose data does not outlive it. */
  reopen?(): Promise<EventLog>;
  /** Closes what is open now, after a `reopen` too. */
  close(): Promise<void>;
}

export type OpenEventLog = () => Promise<OpenedEventLog>;

export function eventLogContract(name: string, open: OpenEventLog): void {
  describe(`EventLog of ${name}`, () => {
    appendContract(open);
    idempotenceContract(open);
    concurrencyContract(open);
    readContract(open);
    subscribeContract(open);
    requestContract(open);
    poisonContract(open);
  });
}
