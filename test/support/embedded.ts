/** An embedded backend in a folder of its own, for tests; `close` removes both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EmbeddedBackend, openEmbedded } from '../../src/backends/embedded/index.ts';
import { decodeEvent, encodeEvent } from '../../src/domain/codec.ts';

export const testContentKey = new Uint8Array(32).fill(7);

export const codec = { encode: encodeEvent, decode: decodeEvent };

export interface TestBackend {
  backend: EmbeddedBackend;
  /** Closes and opens the same file again. */
  reopen(): Promise<EmbeddedBackend>;
  close(): Promise<void>;
  readonly folder: string;
}

export async function openTestBackend(): Promise<TestBackend> {
  const folder = await mkdtemp(join(tmpdir(), 'ums-test-'));
  const options = { file: join(folder, 'ums.sqlite'), contentKey: testContentKey, codec };
  const test: TestBackend = {
    folder,
    backend: await openEmbedded(options),
    async reopen() {
      await test.backend.close();
      test.backend = await openEmbedded(options);
      return test.backend;
    },
    async close() {
      await test.backend.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return test;
}
