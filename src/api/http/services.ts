/** What the endpoints share while the server runs. */
import type { WrittenPositions } from '../../queries/written-positions.ts';
import type { ApiDeps } from './deps.ts';
import type { Gate } from './gate.ts';

export interface Services {
  readonly deps: ApiDeps;
  readonly written: WrittenPositions;
  readonly gate: Gate;
}
