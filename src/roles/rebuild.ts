/** `ums rebuild <projection>`: builds a read model anew while nobody else holds the data folder. */
import { Presets, SingleBar } from 'cli-progress';
import { lockDataFolder } from '../backends/data-folder.ts';
import { CommandFailed, exitCodes } from '../cli/exit-codes.ts';
import type { Config } from '../config.ts';
import { projectionNames, rebuildProjection } from '../projections/index.ts';
import { openStore } from './embedded-service.ts';

export async function rebuild(config: Config, projection: string): Promise<void> {
  if (!projectionNames.includes(projection))
    throw new CommandFailed(exitCodes.usage, `no projection ${projection}; there are ${projectionNames.join(', ')}`);
  const lock = lockDataFolder(config.dataDir);
  if (lock.type === 'held')
    throw new CommandFailed(exitCodes.held, `the data folder ${config.dataDir} is in use; stop the service first`);
  try {
    await rebuildIn(config, projection);
  } finally {
    lock.release();
  }
}

async function rebuildIn(config: Config, projection: string): Promise<void> {
  const backend = await openStore(config);
  const bar = new SingleBar(
    { format: `${projection} {bar} {percentage}% {value}/{total} events, {eta}s left` },
    Presets.shades_classic,
  );
  try {
    bar.start(Number(await backend.log.head()), 0);
    await rebuildProjection(projection, backend, (position, head) => {
      bar.setTotal(Number(head));
      bar.update(Number(position));
    });
    bar.update(bar.getTotal());
  } finally {
    bar.stop();
    await backend.close();
  }
}
