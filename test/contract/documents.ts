/**
 * The contract of `Documents` (`src/ports/documents.ts`), written against the port alone. A backend enrols with
 * `documentsContract('name', open)`; `hooks.ts` lists the other members that `open` may give. Collections and checkpoints have
 * names of the run, so that a store can be shared.
 */
import { describe } from 'vitest';
import type { Documents } from '../../src/ports/documents.ts';
import { batchContract } from './documents/batch.ts';
import { checkpointContract } from './documents/checkpoint.ts';
import { crashContract } from './documents/crash.ts';
import { faultContract } from './documents/faults.ts';
import { findContract } from './documents/find.ts';
import { findByKeysContract } from './documents/find-by-keys.ts';
import { freshnessContract } from './documents/freshness.ts';
import { guardContract } from './documents/guards.ts';
import { shadowContract } from './documents/shadow.ts';
import { storeContract } from './documents/store.ts';
import { textContract } from './documents/text.ts';
import { type Hooks, otherContract } from './hooks.ts';

export interface OpenedDocuments extends Hooks<Documents> {
  readonly documents: Documents;
}

export type OpenDocuments = () => Promise<OpenedDocuments>;

export function documentsContract(name: string, open: OpenDocuments): void {
  describe(`Documents of ${name}`, () => {
    otherContract(open);
    storeContract(open);
    findContract(open);
    findByKeysContract(open);
    batchContract(open);
    guardContract(open);
    checkpointContract(open);
    freshnessContract(open);
    shadowContract(open);
    textContract(open);
    crashContract(open);
    faultContract(open);
  });
}
