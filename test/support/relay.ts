/** A line between a thread and the embedded backend's writer that a test can hold up or cut. */
import { MessageChannel, type MessagePort } from 'node:worker_threads';

export interface Relay {
  /** For the thread, in place of the port that was relayed. */
  readonly port: MessagePort;
  /** Holds back the bytes of both sides. */
  freeze(): void;
  /** Passes on the held bytes, in their order, and new ones. */
  heal(): void;
  cut(): void;
}

export function relay(toWriter: MessagePort): Relay {
  const { port1, port2 } = new MessageChannel();
  let held: (() => void)[] | undefined;
  const pass = (from: MessagePort, to: MessagePort): void => {
    from.on('message', (message: unknown) => {
      if (held === undefined) to.postMessage(message);
      else held.push(() => to.postMessage(message));
    });
    from.once('close', () => to.close());
  };
  pass(toWriter, port2);
  pass(port2, toWriter);
  return {
    port: port1,
    freeze() {
      held ??= [];
    },
    heal() {
      const late = held ?? [];
      held = undefined;
      for (const send of late) send();
    },
    cut: () => toWriter.close(),
  };
}
