/** SIGTERM and SIGINT ask to stop; the second one insists. */
export interface StopSignal {
  readonly asked: Promise<NodeJS.Signals>;
  dispose(): void;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export function stopSignal(): StopSignal {
  let ask: (signal: NodeJS.Signals) => void;
  let times = 0;
  const asked = new Promise<NodeJS.Signals>((resolve) => {
    ask = resolve;
  });
  const hear = (signal: NodeJS.Signals): void => {
    times += 1;
    if (times > 1) process.exit(1);
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
