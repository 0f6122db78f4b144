import type { Contents } from '../../ports/contents.ts';
import { unseal } from './cipher.ts';
import type { EmbeddedThread } from './thread.ts';

export function embeddedContents({ prepare, link }: EmbeddedThread, key: Uint8Array): Contents {
  const select = prepare('SELECT sealed FROM contents WHERE id = ?');
  return {
    put: (id, text) => link.send({ kind: 'putContent', id, text }),
    async get(id) {
      const row = select.get(id);
      return row === undefined ? undefined : unseal(key, id, row.sealed as Uint8Array);
    },
    delete: (id) => link.send({ kind: 'deleteContent', id }),
  };
}
