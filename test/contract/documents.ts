/**
 * The contract of `Documents` (`src/ports/documents.ts`), written against the port alone. A backend enrols with
 * `documentsContract('name', open)`; collections and checkpoints have names of the run, so that a store can be shared.
 */
import { describe } from 'vitest';
import type { Documents } from '../../src/ports/documents.ts';
import { batchContract } from './documents/batch.ts';
import { checkpointContract } from './documents/checkpoint.ts';
import { findContract } from './documents/find.ts';
import { findByKeysContract } from './documents/find-by-keys.ts';
import { freshnessContract } from './documents/freshness.ts';
import { guardContract } from './documents/guards.ts';
import { shadowContract } from './documents/shadow.ts';
import { storeContract } from './documents/store.ts';

export interface OpenedDocuments {
  readonly documents: Documents;
  /** The same documents through another connection, where there can be several. */
  readonly other?: Documents;
  /** Closes and opens again on the same data. Absent for a backend whose data does not outlive it. */
  reopen?(): Promise<Documents>;
  /** Closes what is open now, after a `reopen` too. */
  close(): Promise<void>;
}

export type OpenDocuments = () => Promise<OpenedDocuments>;

export function documentsContract(name: string, open: OpenDocuments): void {
  describe(`Documents of ${name}`, () => {
    storeContract(open);
    findContract(open);
    findByKeysContract(open);
    batchContract(open);
    guardContract(open);
    checkpointContract(open);
    freshnessContract(open);
    shadowContract(open);
  });
}
