import type { Documents } from '../../../ports/documents.ts';
import type { EmbeddedThread } from '../connection/connection.ts';
import { documentCheckpoints } from './checkpoints.ts';
import { copyPlaces } from './places.ts';
import { documentReads } from './reads.ts';
import { collectionCopies, documentWrites } from './writes.ts';

export function embeddedDocuments(thread: EmbeddedThread): Documents {
  const places = copyPlaces(thread);
  return {
    ...documentReads(thread, places),
    ...documentWrites(thread.link, places),
    ...collectionCopies(thread.link, places),
    ...documentCheckpoints(thread),
  };
}
