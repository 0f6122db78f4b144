/** SIGTERM and SIGINT ask to stop; another one, a while after, insists. */
export interface StopSignal {
  readonly asked: Promise<NodeJS.Signals>;
  dispose(): void;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** Ctrl-C reaches the service and npm, which passes it on: what comes this close is the same wish. */
const SAME_WITHIN_MS = 1_000;

export function stopSignal(sameWithinMs = SAME_WITHIN_MS): StopSignal {
  let ask: (signal: NodeJS.Signals) => void;
  let askedAt: number | undefined;
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    ask = resolve;
  });
  const hear = (signal: NodeJS.Signals): void => {
    if (askedAt !== undefined && performance.now() - askedAt >= sameWithinMs) process.exit(1);
    askedAt ??= performance.now();
    ask(signal);
  };
  for (const signal of SIGNALS) process.on(signal, hear);
  return {
    asked,
    dispose() {
      for (const signal of SIGNALS) process.off(signal, hear);
    },
  };
}
