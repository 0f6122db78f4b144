import { lockDataFolder } from '../../backends/data-folder.ts';
import { CommandFailed, exitCodes } from '../../cli/exit-codes.ts';
import { assertNever } from '../../domain/decider.ts';

/**
 * Locks the data folder for this process.
 * @returns a function that gives the lock back
 * @throws CommandFailed if another process holds the folder, or its lock can't be used
 */
export function takeDataFolder(dir: string): () => void {
  const lock = lockDataFolder(dir);
  switch (lock.type) {
    case 'locked':
      return lock.release;
    case 'held': {
      const who = lock.pid === undefined ? 'another process' : `process ${lock.pid}`;
      throw new CommandFailed(
        exitCodes.held,
        `the data folder ${dir} is held by ${who}; stop it, or set UMS_DATA to another folder`,
      );
    }
    case 'unusable':
      throw new CommandFailed(
        exitCodes.unusable,
        `can't use ${lock.file} (${lock.reason}): make room if the disk is full; if the file is damaged, remove it once no service runs there`,
      );
    default:
      return assertNever(lock);
  }
}
