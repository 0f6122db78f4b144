/** A progress bar on standard error while that is a terminal; nothing elsewhere. */
import { Presets, SingleBar } from 'cli-progress';

export interface Progress {
  show(value: number, total: number): void;
  stop(): void;
}

/** @param format of cli-progress */
export function progressBar(format: string): Progress {
  const bar = new SingleBar({ format }, Presets.shades_classic);
  let started = false;
  return {
    show(value, total) {
      if (!started) bar.start(total, 0);
      started = true;
      bar.setTotal(total);
      bar.update(value);
    },
    stop() {
      if (started) bar.stop();
    },
  };
}
