/** Shows faults and warnings of the configuration. */
import type { Loaded } from '../config.ts';
import { CommandFailed, exitCodes } from './exit-codes.ts';

/** @returns the configuration, after its warnings are printed @throws CommandFailed with all faults, one on a line */
export function usable<C>(loaded: Loaded<C>): C {
  if (loaded.type === 'faults') {
    const faults = loaded.faults.map((fault) => `  ${fault}`);
    if (loaded.noRoom)
      throw new CommandFailed(
        exitCodes.unusable,
        ['the disk is full or broken, nothing was started:', ...faults].join('\n'),
      );
    throw new CommandFailed(exitCodes.configuration, ['bad configuration, nothing was started:', ...faults].join('\n'));
  }
  for (const warning of loaded.warnings) process.stderr.write(`ums: warning: ${warning}\n`);
  return loaded.config;
}
