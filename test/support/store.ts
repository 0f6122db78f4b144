/** A look into the data folder of a service that has stopped. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type EmbeddedBackend, openEmbedded } from '../../src/backends/embedded/index.ts';
import type { EventOf, EventType } from '../../src/domain/events.ts';
import { messageStream } from '../../src/domain/streams.ts';
import { codec } from './embedded.ts';

/** Opens the store for `look` and closes it afterwards in every case. */
export async function lookInto<T>(dataDir: string, look: (backend: EmbeddedBackend) => Promise<T>): Promise<T> {
  const contentKey = new Uint8Array(Buffer.from(await readFile(join(dataDir, 'content-key'), 'utf8'), 'base64'));
  const backend = await openEmbedded({ file: join(dataDir, 'ums.sqlite'), contentKey, codec });
  try {
    return await look(backend);
  } finally {
    await backend.close();
  }
}

/** The events of one type in a message's stream. */
export async function eventsOf<T extends EventType>(
  { log }: EmbeddedBackend,
  msgId: string,
  type: T,
): Promise<EventOf<T>[]> {
  const history = await log.readStream(messageStream(msgId));
  return history.flatMap(({ event }) => (event.type === type ? [event as EventOf<T>] : []));
}
