/** `ums rebuild <projection>`: rebuilds a read model while no other process holds the data folder. */
import { existsSync } from 'node:fs';
import { CommandFailed, exitCodes } from '../cli/exit-codes.ts';
import type { Config, DraftConfig } from '../config.ts';
import { projectionNames, rebuildProjection } from '../projections/index.ts';
import { takeDataFolder } from './embedded/data-folder.ts';
import { databaseFile, openStore, storeFault } from './embedded/store.ts';
import { progressBar } from './process/progress.ts';

/**
 * Makes no data folder and no secrets: without a database there is nothing to build from.
 * @returns a report of one line
 * @throws CommandFailed
 */
export async function rebuild(draft: DraftConfig, projection: string): Promise<string> {
  if (!projectionNames.includes(projection))
    throw new CommandFailed(exitCodes.usage, `no projection ${projection}; there are ${projectionNames.join(', ')}`);
  const config = withData(draft);
  const letGo = takeDataFolder(config.dataDir);
  try {
    const events = await rebuildIn(config, projection);
    return `${projection}: built anew from the log, ${events} events`;
  } catch (error) {
    throw storeFault(config, error);
  } finally {
    letGo();
  }
}

function withData({ dataDir, contentKey }: DraftConfig): Pick<Config, 'dataDir' | 'contentKey'> {
  const file = databaseFile({ dataDir });
  if (!existsSync(file))
    throw new CommandFailed(exitCodes.configuration, `UMS_DATA: there is no ${file}, so nothing to build from`);
  if (contentKey === undefined)
    throw new CommandFailed(
      exitCodes.configuration,
      `UMS_CONTENT_KEY: the key that ${file} was written with is not in its folder any more; give it`,
    );
  return { dataDir, contentKey };
}

/** @returns the number of events in the log, which is its last position, since positions have no gaps */
async function rebuildIn(config: Pick<Config, 'dataDir' | 'contentKey'>, projection: string): Promise<number> {
  const backend = await openStore(config);
  const bar = progressBar(`${projection} {bar} {percentage}% {value}/{total} events, {eta}s left`);
  try {
    await rebuildProjection(projection, backend, (position, head) => bar.show(Number(position), Number(head)));
    return Number(await backend.log.head());
  } finally {
    bar.stop();
    await backend.close();
  }
}
