/** Encrypts contents at rest with AES-256-GCM. Each ciphertext is bound to the id of its content. */
import { createCipheriv, createDecipheriv, createHmac, randomFillSync } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Many are drawn at once, because asking the system for twelve bytes costs as much as the encryption. */
const ivs = { bytes: Buffer.alloc(IV_BYTES * 256), at: IV_BYTES * 256 };

/**
 * Returns an IV that was never used before. It is a view of a shared buffer that later calls overwrite: use it at once.
 */
function nextIv(): Uint8Array {
  if (ivs.at === ivs.bytes.length) {
    randomFillSync(ivs.bytes);
    ivs.at = 0;
  }
  ivs.at += IV_BYTES;
  return ivs.bytes.subarray(ivs.at - IV_BYTES, ivs.at);
}

/** @returns IV, tag and ciphertext, one after the other */
export function seal(key: Uint8Array, id: string, text: string): Uint8Array {
  const iv = nextIv();
  const cipher = createCipheriv(ALGORITHM, key, iv);
  cipher.setAAD(Buffer.from(id));
  const sealed = cipher.update(text, 'utf8');
  const last = cipher.final();
  return Buffer.concat([iv, cipher.getAuthTag(), sealed, last]);
}

/** @throws Error if the key is not the one that sealed the text, or if the bytes were changed */
export function unseal(key: Uint8Array, id: string, sealed: Uint8Array): string {
  const decipher = createDecipheriv(ALGORITHM, key, sealed.subarray(0, IV_BYTES));
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
  return decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
}

/** A hash of the key: two keys can be compared by it without being revealed. */
export function keyCheck(key: Uint8Array): string {
  return createHmac('sha256', key).update('ums content key').digest('hex');
}
