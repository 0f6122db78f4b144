/** `contract.md §4 getmsgstat` */
import { z } from 'zod';
import type { Facts } from '../parameters.ts';

/** Not bounded: an id that can't be one is no such message. */
export const getmsgstatParameters = z.object({ msgId: z.string() });

/** `msgId` wins over the seed's `megId`. */
export const eitherSpelling: Facts = ({ msgId, megId }) => ({ msgId: msgId ?? megId });
