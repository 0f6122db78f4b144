/** The embedded backend's far side: another thread of the process that holds the file, with modules of its own. */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { attachEmbedded, type EmbeddedOptions } from '../../src/backends/embedded/index.ts';
import { codec } from '../support/embedded.ts';
import { fromThread } from './elsewhere/channels.ts';
import { serve } from './elsewhere/serve.ts';

export interface EmbeddedThreadStart {
  readonly port: MessagePort;
  readonly options: Omit<EmbeddedOptions, 'codec'>;
}

if (parentPort !== null) {
  const parent = parentPort;
  const { port, options } = workerData as EmbeddedThreadStart;
  serve(fromThread(parent), attachEmbedded(port, { ...options, codec }), () => parent.close());
}
