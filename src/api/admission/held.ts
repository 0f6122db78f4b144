/**
 * Refusals wait before they go out: a client that gets a refusal at once asks again at once, and refusing costs more
 * time than is left (`docs/decisions/0034`).
 */

const HOLD_MS = 250;
/** A random part, so that clients that came together do not come back together. */
const MORE_MS = 150;
/** At most this many refusals are answered in one interval of this many ms. */
const BATCH = 100;
const BATCH_MS = 10;

export interface Held<T> {
  /** Holds an item. Beyond the bound the oldest one is released. */
  hold(item: T): void;
  /** Releases all items. */
  releaseAll(): void;
  readonly size: number;
}

export interface HeldOptions<T> {
  /** Most items at once. */
  readonly max: number;
  /** Called once with each item, when its time has come. */
  readonly release: (item: T) => void;
  /** 0 up to 1. */
  readonly random?: () => number;
}

export function heldItems<T>({ max, release, random = Math.random }: HeldOptions<T>): Held<T> {
  /** Items in the order of their release times, which are times of `performance.now()`. */
  let queue: { readonly item: T; readonly dueAt: number }[] = [];
  let head = 0;
  let lastDueAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const size = (): number => queue.length - head;

  const takeFirst = (): void => {
    const first = queue[head];
    head += 1;
    // Released items are removed from the list now and then, not one by one.
    if (head > BATCH && head * 2 > queue.length) {
      queue = queue.slice(head);
      head = 0;
    }
    if (first !== undefined) release(first.item);
  };

  const letGo = (): void => {
    timer = undefined;
    const now = performance.now();
    for (let count = 0; count < BATCH; count += 1) {
      const first = queue[head];
      if (first === undefined || first.dueAt > now) break;
      takeFirst();
    }
    arm();
  };

  const arm = (): void => {
    const first = queue[head];
    if (timer !== undefined || first === undefined) return;
    timer = setTimeout(letGo, Math.max(BATCH_MS, Math.ceil(first.dueAt - performance.now())));
  };

  return {
    get size() {
      return size();
    },
    hold(item) {
      if (size() >= max) takeFirst();
      // No earlier than those before it, so that the queue stays in order; that is never more than `MORE_MS` too late.
      lastDueAt = Math.max(lastDueAt, performance.now() + HOLD_MS + random() * MORE_MS);
      queue.push({ item, dueAt: lastDueAt });
      arm();
    },
    releaseAll() {
      clearTimeout(timer);
      timer = undefined;
      while (size() > 0) takeFirst();
    },
  };
}
