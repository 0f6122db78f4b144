import { streamPrefixes } from '../domain/streams.ts';
import type { Projection } from './projection.ts';

/** Events that change the view of a target. A preparation does not, nor does a redrive: the first failure stays. */
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
