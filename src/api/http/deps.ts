/**
 * The parts that the API is built from: only ports and pure helpers. The composition root chooses the implementations.
 */
import type { AppDirectory } from '../../domain/apps.ts';
import type { ZonedTime } from '../../domain/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Documents } from '../../ports/documents.ts';
import type { EventLog } from '../../ports/event-log.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Telemetry } from '../../ports/telemetry.ts';
import type { TokenVerifier } from '../../ports/token-verifier.ts';

export interface ApiLimits {
  /** How far a request's `timestamp` may be off, either way, in ms. */
  readonly maxSkewMs: number;
  readonly maxBodyBytes: number;
  /** Most requests at work at once (A00001); `admission/limit.ts` may allow fewer. */
  readonly maxAtWork?: number;
  /** Most requests at once whose body is slow. */
  readonly maxSlowBodies?: number;
  /** Most connections at once. */
  readonly maxConnections?: number;
  /** Most bytes of all incomplete bodies together. */
  readonly maxUnfinishedBytes?: number;
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
  /** The states of the parts of the service, in all threads. */
  readonly telemetry: Pick<Telemetry, 'parts'>;
  readonly limits: ApiLimits;
}
