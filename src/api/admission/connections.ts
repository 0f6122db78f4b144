/** Bounds the connections of the server, and so the bytes of incomplete headers. */
import type { Socket } from 'node:net';

/** How long a connection over the limit may take to send a request, so that it can be refused, in ms. */
const GRACE_MS = 1_000;
/** Connections over the limit that get this grace period, as a part of the limit. All others are cut. */
const GRACE_PART = 1 / 8;

export interface Connections {
  opened(socket: Socket): void;
  /** Whether the requests of a connection are refused since there are too many connections. */
  isOverLimit(socket: Socket): boolean;
}

export function boundedConnections(max: number): Connections {
  const overLimit = new WeakSet<Socket>();
  const most = Math.ceil(max * (1 + GRACE_PART));
  let open = 0;
  return {
    opened(socket) {
      if (open >= most) {
        socket.destroy();
        return;
      }
      open += 1;
      const grace = open > max ? setTimeout(() => socket.destroy(), GRACE_MS) : undefined;
      if (grace !== undefined) overLimit.add(socket);
      socket.once('close', () => {
        open -= 1;
        clearTimeout(grace);
      });
    },
    isOverLimit: (socket) => overLimit.has(socket),
  };
}
