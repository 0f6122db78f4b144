/** Enrols the embedded backend in the contract suites. A second connection stands for what another thread has. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  attachEmbedded,
  type EmbeddedOptions,
  type EmbeddedPorts,
  openEmbedded,
} from '../../src/backends/embedded/index.ts';
import { decodeEvent, encodeEvent } from '../../src/domain/codec.ts';
import { contentsContract } from './contents.ts';
import { documentsContract } from './documents.ts';
import { append, POISON } from './event-log/samples.ts';
import { eventLogContract } from './event-log.ts';
import { jobsContract } from './jobs.ts';

/** A backend in a folder of its own, with what the suites ask for beside its ports. */
async function openBackend() {
  const folder = await mkdtemp(join(tmpdir(), 'ums-contract-'));
  const options: EmbeddedOptions = {
    file: join(folder, 'ums.sqlite'),
    contentKey: randomBytes(32),
    codec: { encode: encodeEvent, decode: decodeEvent },
  };
  let backend = await openEmbedded(options);
  let second = attachEmbedded(backend.connect('foreground'), options);
  const closePorts = async (): Promise<void> => {
    await second.close();
    await backend.close();
  };
  return {
    ports: backend as EmbeddedPorts,
    other: second,
    /** The ports of a connection with another codec, for the time of a call. */
    async withCodec(codec: EmbeddedOptions['codec'], use: (ports: EmbeddedPorts) => Promise<void>): Promise<void> {
      const ports = attachEmbedded(backend.connect('foreground'), { ...options, codec });
      await use(ports).finally(ports.close);
    },
    async reopen(): Promise<EmbeddedPorts> {
      await closePorts();
      backend = await openEmbedded(options);
      second = attachEmbedded(backend.connect('foreground'), options);
      return backend;
    },
    async close(): Promise<void> {
      await closePorts();
      await rm(folder, { recursive: true });
    },
  };
}

/** Writes what no schema fits, as a defect or a later release would. */
const careless: EmbeddedOptions['codec'] = {
  encode: (event, context) => ({ ...encodeEvent(event, context), data: JSON.stringify({ deviceType: POISON }) }),
  decode: decodeEvent,
};

eventLogContract('embedded', async () => {
  const { ports, other, withCodec, reopen, close } = await openBackend();
  return {
    log: ports.log,
    other: other.log,
    contents: ports.contents,
    poison: (stream) => withCodec(careless, async ({ log }) => void (await append(log, stream, ['poison']))),
    reopen: async () => (await reopen()).log,
    close,
  };
});

documentsContract('embedded', async () => {
  const { ports, other, reopen, close } = await openBackend();
  return { documents: ports.documents, other: other.documents, reopen: async () => (await reopen()).documents, close };
});

jobsContract('embedded', async () => {
  const { ports, other, reopen, close } = await openBackend();
  return { jobs: ports.jobs, other: other.jobs, reopen: async () => (await reopen()).jobs, close };
});

contentsContract('embedded', async () => {
  const { ports, other, reopen, close } = await openBackend();
  return { contents: ports.contents, other: other.contents, reopen: async () => (await reopen()).contents, close };
});
