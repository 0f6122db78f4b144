/** The far side of the attach test: follows the log in a thread of its own, and writes to it when asked. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { attachEmbedded, type EmbeddedOptions } from '../../../../src/backends/embedded/index.ts';
import { decodeEvent, encodeEvent } from '../../../../src/domain/codec.ts';
import { START } from '../../../../src/domain/position.ts';
import { append, aStream, labels } from '../../../contract/event-log/samples.ts';

export interface AttachedStart {
  readonly port: MessagePort;
  readonly store: Omit<EmbeddedOptions, 'codec'>;
  readonly run: string;
}

export type ToAttached = { readonly append: string } | { readonly stop: true };
export type FromAttached = { readonly seen: string | undefined } | { readonly failed: string };

async function run(parent: MessagePort, { port, store, run: prefix }: AttachedStart): Promise<void> {
  const ports = attachEmbedded(port, { ...store, codec: { encode: encodeEvent, decode: decodeEvent } });
  const stop = new AbortController();
  parent.on('message', (message: ToAttached) => {
    if ('append' in message) void append(ports.log, aStream(prefix, `-${message.append}`), [message.append]);
    else stop.abort();
  });
  try {
    const filter = { prefixes: [`registration-${prefix}`] };
    for await (const { events } of ports.log.subscribe(START, filter, stop.signal))
      for (const seen of labels(events)) parent.postMessage({ seen } satisfies FromAttached);
  } catch (error) {
    parent.postMessage({ failed: (error as Error).message } satisfies FromAttached);
  }
  await ports.close();
  parent.close();
}

if (parentPort !== null) await run(parentPort, workerData as AttachedStart);
