/** `docs/api.md §4 devlist`: every terminal now registered for a user, newest first registration first. */
import type { Documents } from '../ports/documents.ts';
import { type DeviceDocument, devices } from '../ports/read-models/devices.ts';

const PAGE = 500;
/** A user with more terminals than this sees the newest ones. */
const MAX_DEVICES = 5000;

export async function deviceList(documents: Documents, userId: string): Promise<readonly DeviceDocument[]> {
  const found: DeviceDocument[] = [];
  let cursor: string | undefined;
  do {
    const page = await documents.find<DeviceDocument>(devices, {
      index: 'user',
      key: userId,
      direction: 'descending',
      limit: PAGE,
      cursor,
    });
    for (const { document } of page.items) found.push(document);
    cursor = page.next;
  } while (cursor !== undefined && found.length < MAX_DEVICES);
  return found;
}
