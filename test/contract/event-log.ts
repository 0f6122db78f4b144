/**
 * The contract of `EventLog` (`src/ports/event-log.ts`), written against the port alone. A backend enrols with
 * `eventLogContract('name', open)`; the other members that `open` may give are listed here and in `hooks.ts`. Nothing may lean on one store
 * or on being its only user.
 */
import { describe } from 'vitest';
import type { StreamName } from '../../src/domain/streams.ts';
import type { Contents } from '../../src/ports/contents.ts';
import type { EventLog } from '../../src/ports/event-log.ts';
import { appendContract } from './event-log/append.ts';
import { backPressureContract } from './event-log/back-pressure.ts';
import { concurrencyContract } from './event-log/concurrency.ts';
import { contentContract } from './event-log/content.ts';
import { crashContract } from './event-log/crash.ts';
import { deletedContract } from './event-log/deleted.ts';
import { faultContract } from './event-log/faults.ts';
import { idContract } from './event-log/id.ts';
import { idempotenceContract } from './event-log/idempotence.ts';
import { otherConnectionContract } from './event-log/other.ts';
import { poisonContract } from './event-log/poison.ts';
import { readContract } from './event-log/read.ts';
import { requestContract } from './event-log/requests.ts';
import { subscribeContract } from './event-log/subscribe.ts';
import { type Hooks, otherContract } from './hooks.ts';

export interface OpenedEventLog extends Hooks<EventLog> {
  readonly log: EventLog;
  /** Where `AppendOptions.content` goes. */
  readonly contents: Contents;
  /** The same from where `other` is. */
  readonly otherContents?: Contents;
  /** How many events were decoded through `log` so far: how far a subscription reads ahead of its reader. */
  decoded?(): number;
  /** Deletes a stream, where the store can: an append to it is then refused as `deleted`. */
  deleteStream?(stream: StreamName): Promise<void>;
  /** Appends a `ChannelUpdated` whose data breaks its schema and holds `POISON`, where a backend can be made to. */
  poison?(stream: StreamName): Promise<void>;
}

export type OpenEventLog = () => Promise<OpenedEventLog>;

export function eventLogContract(name: string, open: OpenEventLog): void {
  describe(`EventLog of ${name}`, () => {
    otherContract(open);
    appendContract(open);
    idempotenceContract(open);
    deletedContract(open);
    contentContract(open);
    concurrencyContract(open);
    readContract(open);
    idContract(open);
    otherConnectionContract(open);
    subscribeContract(open);
    backPressureContract(open);
    requestContract(open);
    crashContract(open);
    poisonContract(open);
    faultContract(open);
  });
}
