const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/**
 * Until the service handles signals itself, SIGTERM, SIGINT and SIGHUP end the process at once and cleanly: it holds
 * nothing yet. Plain JavaScript and next to nothing, so that it is in force before anything else is loaded.
 * @returns a function that leaves the signals to the service
 */
export function stopEarly() {
  const end = () => process.exit(0);
  for (const signal of SIGNALS) process.on(signal, end);
  return () => {
    for (const signal of SIGNALS) process.off(signal, end);
  };
}
