import type { Contents } from '../../ports/contents.ts';
import { unseal } from './cipher.ts';
import type { EmbeddedThread } from './connection/connection.ts';

export function embeddedContents({ prepare, link, drainNotices }: EmbeddedThread, key: Uint8Array): Contents {
  const select = prepare('SELECT sealed FROM contents WHERE id = ?');
  return {
    put: (id, text) => link.send({ kind: 'putContent', id, text }),
    async get(id) {
      drainNotices();
      const sealed = select.get(id)?.sealed as Uint8Array | undefined;
      return sealed === undefined || sealed.length === 0 ? undefined : unseal(key, id, sealed);
    },
    delete: (id) => link.send({ kind: 'deleteContent', id }),
  };
}
