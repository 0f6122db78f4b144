/** The embedded backend as a role opens it, and the messages about a file that can't be opened. */
import { join } from 'node:path';
import { type EmbeddedBackend, type EmbeddedOptions, openEmbedded } from '../../backends/embedded/index.ts';
import { CommandFailed, exitCodes } from '../../cli/exit-codes.ts';
import type { Config } from '../../config.ts';
import { decodeEvent, encodeEvent } from '../../domain/codec.ts';

type StoreConfig = Pick<Config, 'dataDir' | 'contentKey'>;

export function databaseFile({ dataDir }: Pick<Config, 'dataDir'>): string {
  return join(dataDir, 'ums.sqlite');
}

export function storeOptions(config: StoreConfig): Pick<EmbeddedOptions, 'file' | 'contentKey'> {
  return { file: databaseFile(config), contentKey: new Uint8Array(config.contentKey) };
}

/** @throws CommandFailed when the content key is not the file's, or the file can't be used */
export async function openStore(config: StoreConfig): Promise<EmbeddedBackend> {
  try {
    return await openEmbedded({ ...storeOptions(config), codec: { encode: encodeEvent, decode: decodeEvent } });
  } catch (error) {
    throw storeFault(config, error);
  }
}

/**
 * @param error what came of opening the store, or of the first work with it; it may have come from another thread, which
 * takes its class from it, but not its name
 * @returns CommandFailed where it is about the file, else the error as it is
 */
export function storeFault(config: StoreConfig, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  switch ('code' in error && error.code === 'ERR_SQLITE_ERROR' ? 'FileUnusable' : error.name) {
    case 'WrongContentKey':
      return new CommandFailed(
        exitCodes.configuration,
        `UMS_CONTENT_KEY: ${error.message}; give the key that it was written with`,
      );
    case 'NewerFile':
      return new CommandFailed(exitCodes.configuration, `${error.message}; start that release`);
    case 'NewerReadModel':
      return new CommandFailed(exitCodes.configuration, error.message);
    case 'FileUnusable':
    case 'StoreUnavailable':
      return new CommandFailed(
        exitCodes.unusable,
        `can't use ${databaseFile(config)} (${error.message}): make room if the disk is full; if the file is damaged, restore it from a backup`,
      );
    default:
      return error;
  }
}
