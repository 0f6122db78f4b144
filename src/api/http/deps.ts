/** What the API is built from. Only ports and pure helpers; the composition root chooses what is behind them. */

import type { AppDirectory } from '../../domain/apps.ts';
import type { ZonedTime } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Documents } from '../../ports/documents.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { Logger } from '../../ports/logger.ts';
import type { TokenVerifier } from '../../ports/token-verifier.ts';

export interface ApiLimits {
  /** How far a request's `timestamp` may be off, either way. */
  readonly maxSkewMs: number;
  readonly maxBodyBytes: number;
  /** Requests that are worked on at once; more are shed (A00001). */
  readonly maxInFlight: number;
}

export interface ApiDeps {
  readonly log: EventLog;
  readonly documents: Documents;
  readonly tokens: TokenVerifier;
  readonly apps: AppDirectory;
  readonly clock: Clock;
  readonly time: ZonedTime;
  readonly nextMsgId: () => string;
  readonly logger: Logger;
  readonly limits: ApiLimits;
}
