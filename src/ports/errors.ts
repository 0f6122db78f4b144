/**
 * How a call of a port ends when the store behind it does not do its part, and the errors that cross rooms, threads and
 * processes. Every call of a store has a bound in time, a read as well as a write: it ends within `CALL_WITHIN_MS` with its
 * result or with StoreUnavailable, whether the store is away, overloaded or silent. Only calls whose purpose is to wait have
 * no such bound: the next batch of a subscription, `Leases.acquire`, `Documents.reached` (it has its own time) and
 * `Consumer.close` (it has its grace).
 */

/** ms: ten seconds of patience, and the time it takes to notice that they are over. */
export const CALL_WITHIN_MS = 12_000;

/**
 * The store is away, overloaded or silent. Of a write, the outcome is unknown: it may have taken effect, or may still do
 * so after this. Every write of a port may therefore be repeated. At the edge of the API: A00001, HTTP 503.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}

/**
 * The copy of a collection that serves was built by another release: its documents and indexes are not those that the
 * caller knows. Passes when the read model is rebuilt or the caller's release replaced; a reader may ask the log meanwhile.
 */
export class CopyOfAnotherVersion extends StoreUnavailable {
  override readonly name = 'CopyOfAnotherVersion';
}

/** Another service's deadline passed; no store's ever does. At the edge of the API: A00003, HTTP 503. */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * The checkpoint stands elsewhere than the caller believed, or was moved under a newer lease: another runner has moved it,
 * or an earlier write of the caller's whose answer never came. After reading it again the caller may go on from there.
 */
export class CheckpointLost extends Error {
  override readonly name = 'CheckpointLost';
}

/**
 * The copy that a write or a promotion names neither serves nor is being filled any more, or is of another version. Nothing
 * has changed. The caller asks which copy serves, or waits for the runner that has replaced it.
 */
export class StaleCopy extends Error {
  override readonly name = 'StaleCopy';
}

/** A shadow does not stand where the serving copy stands yet. Nothing has changed; the caller goes on filling it. */
export class ShadowBehind extends Error {
  override readonly name = 'ShadowBehind';
}

/** The checkpoint counts positions of another log: going on from it would skip events. Needs a person, or a rebuild. */
export class CheckpointOfAnotherLog extends Error {
  override readonly name = 'CheckpointOfAnotherLog';
}

/** The store's contents were written with another content key. */
export class WrongContentKey extends Error {
  override readonly name = 'WrongContentKey';
}

/** A later release has written the store's file. */
export class NewerFile extends Error {
  override readonly name = 'NewerFile';
}

/** The store's file is damaged, or its disk is full, or it can't be read for another reason. */
export class FileUnusable extends Error {
  override readonly name = 'FileUnusable';
}

/** A later release has built a read model, which this one would not understand. */
export class NewerReadModel extends Error {
  override readonly name = 'NewerReadModel';
}

/** All errors that a message carries from one thread or process to another. */
const portable = {
  StoreUnavailable,
  CopyOfAnotherVersion,
  CheckpointLost,
  StaleCopy,
  ShadowBehind,
  CheckpointOfAnotherLog,
  WrongContentKey,
  NewerFile,
  FileUnusable,
  NewerReadModel,
} as const;

export type PortableErrorName = keyof typeof portable;
type PortableError = InstanceType<(typeof portable)[PortableErrorName]>;

/** A portable error as plain data. */
export interface CarriedError {
  readonly name: PortableErrorName;
  readonly message: string;
}

export function isPortable(error: unknown): boolean {
  return Object.values(portable).some((kind) => error instanceof kind);
}

/** @param otherwise what an error that is not portable counts as at the other end */
export function carry(error: unknown, otherwise: PortableErrorName): CarriedError {
  const message = error instanceof Error ? error.message : String(error);
  return { name: isPortable(error) ? nameOf(error as PortableError) : otherwise, message };
}

/** @returns an error of the class that it had */
export function carried({ name, message }: CarriedError): PortableError {
  return new portable[name](message);
}

/** Of a class that is not in the list but extends one that is: that one's. */
function nameOf(error: PortableError): PortableErrorName {
  return Object.hasOwn(portable, error.name) ? (error.name as PortableErrorName) : 'StoreUnavailable';
}
