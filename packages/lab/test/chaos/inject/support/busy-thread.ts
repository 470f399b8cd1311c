/** A process with a thread that is always busy; it says when the thread ends, and with which code. */
import { isMainThread, Worker } from "node:worker_threads";

if (isMainThread) {
  new Worker(new URL(import.meta.url)).on("exit", (code) => {
    process.stdout.write(`thread ended with ${code}\n`);
  });
} else {
  setInterval(() => {
    const until = performance.now() + 20;
    while (performance.now() < until);
  }, 1);
}
