/** Secrets that are made at first start and kept in the data folder, each with mode 0600 (`README.md, Configuration`). */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createFile, errorCode, isNoRoom } from './files.ts';
import { isContentKey, isOperatorToken, isTokenSecret, type SecretName } from './settings.ts';
import { HAS_BLANK_ENDS, hasBlankEnds, strictText } from './text.ts';

interface SecretFile {
  readonly file: string;
  readonly generate: () => string;
  readonly fits: (text: string) => boolean;
  readonly rule: string;
}

export const SECRETS: Readonly<Record<SecretName, SecretFile>> = {
  token: {
    file: 'token-secret',
    generate: () => randomBytes(32).toString('base64url'),
    fits: isTokenSecret,
    rule: 'must hold at least 32 bytes',
  },
  operatorToken: {
    file: 'operator-token',
    generate: () => randomBytes(32).toString('base64url'),
    fits: isOperatorToken,
    rule: 'must hold visible ASCII characters without spaces',
  },
  contentKey: {
    file: 'content-key',
    generate: () => randomBytes(32).toString('base64'),
    fits: isContentKey,
    rule: 'must hold 32 bytes as base64',
  },
};

export interface Secret {
  /** `undefined` if there is no such file. */
  readonly text?: string;
  readonly fault?: string;
  /** Whether the fault is the disk's. */
  readonly noRoom?: boolean;
}

/** Reads a secret. A line end at the end of the file, as editors leave it, is not part of the secret. */
export function readSecret(dataDir: string, { file, fits, rule }: SecretFile): Secret {
  const path = join(dataDir, file);
  try {
    const read = strictText(readFileSync(path));
    if ('fault' in read) return { fault: `${path} ${read.fault}` };
    const text = read.text.replace(/\r?\n$/, '');
    if (hasBlankEnds(text)) return { fault: `${path} ${HAS_BLANK_ENDS}` };
    return fits(text) ? { text } : { fault: `${path} ${rule}` };
  } catch (error) {
    const code = errorCode(error);
    // ENOTDIR: the data folder is no folder, which is said elsewhere.
    return code === 'ENOENT' || code === 'ENOTDIR' ? {} : { fault: `${path} can't be read (${code})` };
  }
}

/** Makes a secret, or reads the one that another process made in the meantime. */
export function createSecret(dataDir: string, secret: SecretFile): Secret {
  const text = secret.generate();
  const { created, failed } = createFile(join(dataDir, secret.file), text);
  if (failed !== undefined) return { fault: failed.fault, noRoom: isNoRoom(failed.error) };
  return created ? { text } : readSecret(dataDir, secret);
}
