/** The JPush look-alike in a process of its own, without a rate limit; remembers when it took which message. */
import { startJPush } from '../../src/sandbox/jpush/server.ts';
import { takeOrders } from './orders.ts';

export type ProviderOrder =
  | { readonly type: 'counts' }
  /** When each was taken, in ms since 1970; `undefined` for messages that are not remembered any more. */
  | { readonly type: 'takenAt'; readonly msgIds: readonly string[] };

export interface ProviderCounts {
  readonly accepted: number;
  readonly targets: number;
  readonly replayed: number;
  readonly refused: Readonly<Record<number, number>>;
}

const MAX_REMEMBERED = 200_000;
const MSG_ID = /"msgId":"([^"]+)"/;
const takenAt = new Map<string, number>();

function remember(content: string | undefined): void {
  const msgId = MSG_ID.exec(content ?? '')?.[1];
  if (msgId === undefined) return;
  if (takenAt.size >= MAX_REMEMBERED) takenAt.delete(takenAt.keys().next().value ?? '');
  takenAt.set(msgId, performance.timeOrigin + performance.now());
}

const [appKey = '', masterSecret = ''] = process.argv.slice(2);
const jpush = await startJPush({
  apps: [{ appKey, masterSecret }],
  callsPerMinute: Number.POSITIVE_INFINITY,
  cidsPerCall: 1000,
  adoptUnknown: true,
  journalSize: 100,
  onAccepted: ({ content }) => remember(content),
});

takeOrders<ProviderOrder>(jpush.url, (order) => {
  switch (order.type) {
    case 'counts':
      return { ...jpush.journal.counts };
    case 'takenAt':
      return order.msgIds.map((msgId) => takenAt.get(msgId));
  }
});
