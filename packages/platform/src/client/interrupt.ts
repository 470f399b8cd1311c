import { stopsWithNpm } from "../config.ts";
import { watchNpm } from "./npm-watch.ts";

/** Ctrl-C and SIGTERM as a value. */
export interface Interrupt {
  /** Aborted by the first of them. */
  readonly signal: AbortSignal;
  /** Which signal came, if one did. */
  readonly received: () => NodeJS.Signals | undefined;
  /** What the second one does; by default the process ends at once. */
  onSecond(action: () => void): void;
  /** Gives the signals back. */
  dispose(): void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
/** One Ctrl-C may arrive twice, from the terminal and from a program in between: repeats within this are one, ms. */
const REPEAT_MS = 500;

/**
 * Takes SIGINT and SIGTERM over until disposed of. A second signal runs the action and ends the process with 130.
 * The end of the npm that started this process counts as SIGTERM, see {@link stopsWithNpm}.
 * @throws PlatformError `usage`
 */
export function takeInterrupts(): Interrupt {
  const controller = new AbortController();
  let first: NodeJS.Signals | undefined;
  let firstAtMs = 0;
  let second = (): void => undefined;
  const handler = (name: NodeJS.Signals): void => {
    if (first === undefined) {
      first = name;
      firstAtMs = performance.now();
      controller.abort();
      return;
    }
    if (performance.now() - firstAtMs < REPEAT_MS) return;
    second();
    process.exit(130);
  };
  const unwatch = stopsWithNpm()
    ? watchNpm(() => {
        if (first === undefined) handler("SIGTERM");
      })
    : () => undefined;
  for (const name of SIGNALS) process.on(name, handler);
  return {
    signal: controller.signal,
    received: () => first,
    onSecond: (action) => {
      second = action;
    },
    dispose: () => {
      unwatch();
      for (const name of SIGNALS) process.off(name, handler);
    },
  };
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** Waits, but no longer than until the signal is aborted. Never rejects. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener("abort", done, { once: true });
  });
}
