import type { PlatformError } from "../errors.ts";
import {
  type ProcessSpec,
  type RestartPolicy,
  SupervisedProcess,
  type Supervision,
} from "./supervised-process.ts";

const STOP_TIMEOUT_MS = 20_000;
/** What takes events stops first, what holds them last. */
const STOP_ORDER = [/^gateway$/, /^worker-/, /^(?:reports|webhooks)$/, /^redis$/];

/** The child processes of a platform. */
export class ChildProcesses {
  readonly #supervision: Supervision;
  readonly #failure = Promise.withResolvers<PlatformError>();
  #all: SupervisedProcess[] = [];

  /** @param changed called whenever another process runs under a name, or none any more */
  constructor(options: {
    readonly readyTimeoutMs: number;
    readonly restart: RestartPolicy;
    readonly note: (line: string) => void;
    readonly changed: () => void;
  }) {
    this.#supervision = { ...options, failed: (error) => this.#failure.resolve(error) };
  }

  get all(): readonly SupervisedProcess[] {
    return this.#all;
  }

  /** Resolves when one was given up. */
  get failed(): Promise<PlatformError> {
    return this.#failure.promise;
  }

  /** Adds one, which does not run yet. */
  add(spec: ProcessSpec): SupervisedProcess {
    const child = new SupervisedProcess(spec, this.#supervision);
    this.#all.push(child);
    return child;
  }

  /** Removes one that does not run. */
  remove(child: SupervisedProcess): void {
    this.#all = this.#all.filter((other) => other !== child);
    this.#supervision.changed();
  }

  /** Stops one gracefully, within a bound. */
  async stop(child: SupervisedProcess): Promise<void> {
    if (await child.stop(STOP_TIMEOUT_MS)) return;
    const seconds = STOP_TIMEOUT_MS / 1000;
    this.#supervision.note(`${child.name} did not stop within ${seconds} s and was killed`);
  }

  /** Stops all, in order. @param isNoted whether each step is noted */
  async stopAll(isNoted: boolean): Promise<void> {
    for (const kind of STOP_ORDER) {
      const group = this.#all.filter(({ name }) => kind.test(name));
      const running = group.filter(({ identity }) => identity !== undefined);
      if (running.length > 0 && isNoted) {
        this.#supervision.note(`stopping ${running.map(({ name }) => name).join(", ")}`);
      }
      await Promise.all(group.map(async (child) => this.stop(child)));
    }
  }

  /** SIGKILL to all, at once. */
  killAll(): void {
    for (const child of this.#all) child.kill();
  }
}
