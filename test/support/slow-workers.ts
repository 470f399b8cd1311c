import { readFileSync } from "node:fs";
import { join } from "node:path";

interface State {
  readonly ready: boolean;
  readonly workers: readonly { readonly name: string }[];
  readonly processes: readonly { readonly name: string; readonly pid: number }[];
}

/**
 * Lets every worker of a platform run for a part of the time only, as on a machine that is so much smaller: several of them
 * then do more than one. A worker that starts is let alone until it is ready.
 * @param runMs of every `everyMs` @returns its end, after which all run again
 */
export function slowWorkers(dataDir: string, runMs: number, everyMs: number): () => void {
  const stopped = new Set<number>();
  const signal = (pid: number, name: NodeJS.Signals): void => {
    try {
      process.kill(pid, name);
    } catch {
      // It has ended: the state is written again in a moment.
      stopped.delete(pid);
    }
  };
  const run = (): void => {
    for (const pid of stopped) signal(pid, "SIGCONT");
    stopped.clear();
  };
  const halt = (): void => {
    const { workers, processes } = JSON.parse(
      readFileSync(join(dataDir, "platform.json"), "utf8"),
    ) as State;
    for (const { name, pid } of processes) {
      if (!workers.some((worker) => worker.name === name)) continue;
      stopped.add(pid);
      signal(pid, "SIGSTOP");
    }
  };
  let resume: NodeJS.Timeout | undefined;
  const cycle = setInterval(() => {
    run();
    resume = setTimeout(halt, runMs);
  }, everyMs);
  return () => {
    clearInterval(cycle);
    clearTimeout(resume);
    run();
  };
}
