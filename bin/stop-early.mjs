/**
 * Until the service hears signals itself, SIGTERM and SIGINT end the process at once and cleanly: it holds nothing yet.
 * Plain JavaScript and next to nothing, so that it is in force before anything else is loaded.
 * @returns how to leave them to the service
 */
export function stopEarly() {
  const end = () => process.exit(0);
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  return () => {
    process.off('SIGTERM', end);
    process.off('SIGINT', end);
  };
}
