/**
 * The errors that cross rooms, threads and processes. Every call of a store, a read as well as a write, is bounded in
 * time: it ends within `CALL_WITHIN_MS` with its result or with StoreUnavailable, even if the store is away, overloaded
 * or silent. Only calls whose purpose is to wait have no such bound: the next batch of a subscription,
 * `Leases.acquire`, `Documents.reached` (it has its own timeout) and `Consumer.close` (it has its grace period).
 */

/** In ms: ten seconds of waiting, and the time that it takes to notice their end. */
export const CALL_WITHIN_MS = 12_000;

/**
 * The store is away, overloaded or silent. The outcome of a write is then unknown: it may have taken effect, or may
 * still do so. Therefore every write of a port may be repeated. At the edge of the API: A00001, HTTP 503.
 */
export class StoreUnavailable extends Error {
  override readonly name: string = 'StoreUnavailable';
}

/**
 * Another release has built the serving copy of a collection, so its documents and indexes are not those that the
 * caller knows. The error ends when the read model is rebuilt or the caller is upgraded. Meanwhile a reader may use the
 * log.
 */
export class CopyOfAnotherVersion extends StoreUnavailable {
  override readonly name = 'CopyOfAnotherVersion';
}

/**
 * Another service has missed its deadline. A store never causes this error. At the edge of the API: A00003, HTTP 503.
 */
export class DeadlineExceeded extends Error {
  override readonly name = 'DeadlineExceeded';
}

/**
 * The checkpoint is not where the caller expected it, or was moved under a newer lease. Another runner has moved it, or
 * an earlier write of the caller has, whose answer was lost. The caller may read the checkpoint again and go on from
 * there.
 */
export class CheckpointLost extends Error {
  override readonly name = 'CheckpointLost';
}

/**
 * The copy that a write or a promotion names neither serves nor is being filled any more, or has another version.
 * Nothing has changed. The caller asks for the serving copy again, or waits for the runner that has replaced it.
 */
export class StaleCopy extends Error {
  override readonly name = 'StaleCopy';
}

/** The shadow is still behind the serving copy. Nothing has changed; the caller goes on filling it. */
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

/** @param otherwise class that an error gets at the other end if it is not portable itself */
export function carry(error: unknown, otherwise: PortableErrorName): CarriedError {
  const message = error instanceof Error ? error.message : String(error);
  return { name: isPortable(error) ? nameOf(error as PortableError) : otherwise, message };
}

/** @returns an error of its original class */
export function carried({ name, message }: CarriedError): PortableError {
  return new portable[name](message);
}

/** The name of its class or, if that is not in the list, of a listed class that it extends. */
function nameOf(error: PortableError): PortableErrorName {
  return Object.hasOwn(portable, error.name) ? (error.name as PortableErrorName) : 'StoreUnavailable';
}
