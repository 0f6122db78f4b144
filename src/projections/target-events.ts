import { streamPrefixes } from '../domain/streams.ts';
import type { Projection } from './projection.ts';

/** All that happens to the targets of messages. A preparation changes none. */
export const targetEvents: Projection<unknown>['filter'] = {
  prefixes: [streamPrefixes.message, streamPrefixes.receipt],
  types: [
    'MessageAccepted',
    'MessageDispatched',
    'MessageDispatchFailed',
    'MessageExpired',
    'MessageDisplayCancelled',
    'MessageErased',
    'MessageReceived',
    'MessageDisplayed',
    'MessageAnswered',
  ],
};
