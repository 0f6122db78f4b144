/** Enrols the embedded backend in the contract suites. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { attachEmbedded, type EmbeddedOptions, openEmbedded } from '../../src/backends/embedded/index.ts';
import { decodeEvent, encodeEvent } from '../../src/domain/codec.ts';
import type { Backend } from '../../src/ports/backend.ts';
import { relay } from '../support/relay.ts';
import { contentsContract } from './contents.ts';
import { documentsContract } from './documents.ts';
import { toThread } from './elsewhere/channels.ts';
import { elsewhere } from './elsewhere/ports.ts';
import type { EmbeddedThreadStart } from './embedded-thread.ts';
import { append, POISON } from './event-log/samples.ts';
import { eventLogContract } from './event-log.ts';
import type { Faulty, Hooks } from './hooks.ts';
import { jobsContract } from './jobs.ts';
import { leasesContract } from './leases.ts';

/** Within which the calls of a faulty connection end. */
const WITHIN_MS = 600;

type Port = Exclude<keyof Backend, 'close'>;

/** A backend in a folder of its own, with the hooks of the suites. */
async function openBackend() {
  const folder = await mkdtemp(join(tmpdir(), 'ums-contract-'));
  let decoded = 0;
  const store = { file: join(folder, 'ums.sqlite'), contentKey: new Uint8Array(randomBytes(32)) };
  const options: EmbeddedOptions = {
    ...store,
    codec: {
      encode: encodeEvent,
      decode(stored) {
        decoded += 1;
        return decodeEvent(stored);
      },
    },
  };
  let backend = await openEmbedded(options);

  const other = elsewhere(() => {
    const port = backend.connect('foreground');
    const workerData: EmbeddedThreadStart = { port, options: store };
    return toThread(new Worker(new URL('./embedded-thread.ts', import.meta.url), { workerData, transferList: [port] }));
  });
  const closePorts = async (): Promise<void> => {
    await other.close();
    await backend.close();
  };
  const faulty = async <P extends Port>(name: P): Promise<Faulty<Backend[P]>> => {
    const { port, freeze, heal, cut } = relay(backend.connect('foreground'));
    const ports = attachEmbedded(port, { ...options, callWithinMs: WITHIN_MS });
    return {
      port: ports[name],
      withinMs: WITHIN_MS,
      freeze: async () => freeze(),
      heal: async () => heal(),
      sever: async () => cut(),
      close: ports.close,
    };
  };
  /** The hooks for one of the ports. */
  const hooks = <P extends Port>(name: P): Hooks<Backend[P]> => ({
    other: other[name],
    otherPlace: other.place,
    killOther: other.kill,
    async reopen() {
      await closePorts();
      backend = await openEmbedded(options);
      return backend[name];
    },
    faulty: () => faulty(name),
    async close() {
      await closePorts();
      await rm(folder, { recursive: true });
    },
  });
  return {
    ports: backend as Backend,
    other,
    hooks,
    decoded: () => decoded,
    /** The ports of a connection with another codec, for the time of a call. */
    async withCodec(codec: EmbeddedOptions['codec'], use: (ports: Backend) => Promise<void>): Promise<void> {
      const ports = attachEmbedded(backend.connect('foreground'), { ...options, codec });
      await use(ports).finally(ports.close);
    },
  };
}

/** Writes an event that fits no schema, as a defect or a later release would. */
const careless: EmbeddedOptions['codec'] = {
  encode: (event, context) => ({ ...encodeEvent(event, context), data: JSON.stringify({ deviceType: POISON }) }),
  decode: decodeEvent,
};

eventLogContract('embedded', async () => {
  const { ports, other, hooks, decoded, withCodec } = await openBackend();
  return {
    ...hooks('log'),
    log: ports.log,
    contents: ports.contents,
    otherContents: other.contents,
    decoded,
    poison: (stream) => withCodec(careless, async ({ log }) => void (await append(log, stream, ['poison']))),
  };
});

documentsContract('embedded', async () => {
  const { ports, hooks } = await openBackend();
  return { ...hooks('documents'), documents: ports.documents };
});

jobsContract('embedded', async () => {
  const { ports, hooks } = await openBackend();
  return { ...hooks('jobs'), jobs: ports.jobs };
});

contentsContract('embedded', async () => {
  const { ports, hooks } = await openBackend();
  return { ...hooks('contents'), contents: ports.contents };
});

leasesContract('embedded', async () => {
  const { ports, hooks } = await openBackend();
  return { ...hooks('leases'), leases: ports.leases };
});
