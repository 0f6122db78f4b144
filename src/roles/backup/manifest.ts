/** The content of a backup folder: the files, and `backup.json`, which says what each file must be. */
import { createHash } from 'node:crypto';
import { createReadStream, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

export const MANIFEST = 'backup.json';
export const DATABASE = 'ums.sqlite';

/** File names that a backup may have. Each file gets the same name in the data folder. */
const FILES = [DATABASE, 'content-key', 'token-secret', 'operator-token', 'apps.json'] as const;

const manifest = z.object({
  format: z.literal(1),
  takenAt: z.string(),
  events: z.number(),
  files: z.array(z.object({ name: z.enum(FILES), bytes: z.number(), sha256: z.string() })).min(1),
});

export type Manifest = z.output<typeof manifest>;
export type FileEntry = Manifest['files'][number];

/** @throws Error that names the fault */
export function readManifest(folder: string): Manifest {
  const read = manifest.safeParse(parsed(join(folder, MANIFEST)));
  if (!read.success) throw new Error(`${join(folder, MANIFEST)} is not one of a backup that this release knows`);
  return read.data;
}

function parsed(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`${file} is missing: the folder is no backup, or one that was not finished`);
  }
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @param onBytes called with the number of bytes of each read */
export async function entryOf(folder: string, name: FileEntry['name'], onBytes?: (count: number) => void) {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(join(folder, name), { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    onBytes?.((chunk as Buffer).length);
  }
  return { name, bytes, sha256: hash.digest('hex') } satisfies FileEntry;
}
