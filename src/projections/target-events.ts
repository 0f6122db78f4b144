import { streamPrefixes } from '../domain/streams.ts';
import type { Projection } from './projection.ts';

/** Events that change the view of a target. Preparations and redrives do not: the first failure stays visible. */
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
