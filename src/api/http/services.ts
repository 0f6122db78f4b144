/** State that the endpoints share while the server runs. */
import type { WrittenPositions } from '../../queries/written-positions.ts';
import type { Admission } from '../admission/admission.ts';
import type { UnfinishedBodies } from '../admission/unfinished-bodies.ts';
import type { ApiDeps } from './deps.ts';

export interface Services {
  readonly deps: ApiDeps;
  readonly written: WrittenPositions;
  readonly admission: Admission;
  readonly unfinished: UnfinishedBodies;
}
