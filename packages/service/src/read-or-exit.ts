/**
 * Reads a service's configuration. What is wrong with it is one line on standard error, and exit code 1: there is no logger yet.
 * @param read throws an error whose message holds no secret
 */
export function readOrExit<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exit(1);
  }
}
