/** The embedded backend as a role opens it, and the messages about a file that can't be opened. */
import { join } from 'node:path';
import { type EmbeddedBackend, type EmbeddedOptions, openEmbedded } from '../../backends/embedded/index.ts';
import { CommandFailed, exitCodes } from '../../cli/exit-codes.ts';
import type { Config } from '../../config.ts';
import { decodeEvent, encodeEvent } from '../../domain/codec.ts';
import {
  FileUnusable,
  isPortable,
  NewerFile,
  NewerReadModel,
  StoreUnavailable,
  WrongContentKey,
} from '../../ports/errors.ts';

type StoreConfig = Pick<Config, 'dataDir' | 'contentKey'>;

export function databaseFile({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'ums.sqlite');
}

export function storeOptions(config: StoreConfig): Pick<EmbeddedOptions, 'file' | 'contentKey'> {
  return { file: databaseFile(config), contentKey: new Uint8Array(config.contentKey) };
}

/** @throws CommandFailed if the file was written with another content key, or can't be used */
export async function openStore(config: StoreConfig): Promise<EmbeddedBackend> {
  try {
    return await openEmbedded({ ...storeOptions(config), codec: { encode: encodeEvent, decode: decodeEvent } });
  } catch (error) {
    throw storeFault(config, error);
  }
}

/**
 * @param error thrown when the store is opened or first used
 * @returns CommandFailed if the error is about the file, else the error as it is
 */
export function storeFault(config: StoreConfig, error: unknown): unknown {
  if (!isPortable(error)) return error;
  if (error instanceof WrongContentKey)
    return new CommandFailed(
      exitCodes.configuration,
      `UMS_CONTENT_KEY: ${error.message}; give the key that it was written with`,
    );
  if (error instanceof NewerFile)
    return new CommandFailed(exitCodes.configuration, `${error.message}; start that release`);
  if (error instanceof NewerReadModel) return new CommandFailed(exitCodes.configuration, error.message);
  if (error instanceof FileUnusable || error instanceof StoreUnavailable)
    return new CommandFailed(
      exitCodes.unusable,
      `can't use ${databaseFile(config)} (${error.message}): make room if the disk is full; if the file is damaged, restore it from a backup`,
    );
  return error;
}
