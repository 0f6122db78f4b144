/** The inner side of a helper process (`helper.ts`): takes orders one by one, answers each, ends with its parent. */

export interface Order {
  readonly id: number;
  readonly body: unknown;
}

export type FromHelper =
  | { readonly type: 'ready'; readonly value: unknown }
  | { readonly type: 'result'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly error: string }
  /** Told without being asked. */
  | { readonly type: 'note'; readonly value: unknown };

function tell(message: FromHelper): void {
  process.send?.(message);
}

export function note(value: unknown): void {
  tell({ type: 'note', value });
}

/** @param ready the first message to the parent, such as the port */
export function takeOrders<O>(ready: unknown, handle: (order: O) => unknown): void {
  process.on('message', async ({ id, body }: Order) => {
    try {
      tell({ type: 'result', id, value: await handle(body as O) });
    } catch (error) {
      tell({ type: 'failed', id, error: error instanceof Error ? error.message : String(error) });
    }
  });
  process.once('disconnect', () => process.exit(0));
  // An interrupt goes to the whole group; the parent decides when this one ends.
  process.on('SIGINT', () => undefined);
  tell({ type: 'ready', value: ready });
}
