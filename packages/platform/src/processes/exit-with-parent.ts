/**
 * Loaded into a service before its own code (`node --import`): asks it to stop when the process that started it
 * ends. The channel between the two closes with the parent, even on SIGKILL.
 */
import { isMainThread } from "node:worker_threads";

/** A service that has not stopped by then waits for something that has ended as well. */
const PATIENCE_MS = 10_000;

// Worker threads load it again; the channel is the main thread's.
if (isMainThread && process.channel !== undefined) {
  process.once("disconnect", () => {
    process.kill(process.pid, "SIGTERM");
    setTimeout(() => process.exit(1), PATIENCE_MS).unref();
  });
  // The listener alone would keep a finished service alive.
  process.channel?.unref();
}
