import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { PlatformError, describeError } from "../errors.ts";
import { pause } from "../client/interrupt.ts";
import { lastProblem, logSize, openLog } from "./log-files.ts";
import { identify, type ProcessIdentity } from "../client/process-identity.ts";

/** What to run and how to tell that it works. */
export interface ProcessSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Asked before each start. */
  readonly env: () => Readonly<Record<string, string | undefined>>;
  readonly logPath: string;
  /** How the child notices that this process has ended: a Node channel, or its standard input closing. */
  readonly lifeline: "ipc" | "stdin";
  /** Where it listens, if somebody keeps the port for it. */
  readonly port?: KeptPort;
  /** Answers whether the process of that number is ready; called repeatedly, must not take longer than a second. */
  readonly isReady: (pid: number) => Promise<boolean>;
}

/** The port of a process, kept for it while it does not run. */
export interface KeptPort {
  /** Takes a message of the process. @param answer sends one back */
  heard(message: unknown, answer: (message: object) => void): void;
  /** The process has ended and will be started again. */
  keep(): void;
  /** Keeps the port no longer. */
  letGo(): Promise<void>;
}

export interface Supervision {
  readonly readyTimeoutMs: number;
  readonly note: (line: string) => void;
  /** Called when another process runs under the name, or none any more. */
  readonly changed: () => void;
  /** Called once, when restarting has been given up. */
  readonly failed: (error: PlatformError) => void;
  readonly restart: RestartPolicy;
}

/** How a process that dies is started again. */
export interface RestartPolicy {
  /** Longest wait before another start; it doubles from 250 ms with every death, ms. */
  readonly maxDelayMs: number;
  /** Deaths in a row, none after a minute's life, before it is given up. */
  readonly maxDeaths: number;
}

export const DEFAULT_RESTART_POLICY: RestartPolicy = Object.freeze({
  maxDelayMs: 10_000,
  maxDeaths: 8,
});

/** What a Node child with the lifeline `ipc` loads before its own code (`node --import`). */
export const EXIT_WITH_PARENT: string = new URL("./exit-with-parent.ts", import.meta.url).href;

const READY_POLL_MS = 50;
const FIRST_BACKOFF_MS = 250;
const STEADY_MS = 60_000;

/**
 * One child process that is started again when it ends by itself.
 * It has a process group of its own, so that a terminal's Ctrl-C reaches this process alone, which then stops the
 * children in order.
 */
export class SupervisedProcess {
  readonly #spec: ProcessSpec;
  readonly #supervision: Supervision;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #identity: ProcessIdentity | undefined;
  readonly #stopping = new AbortController();
  #deaths = 0;
  #restarts = 0;
  #logStart = 0;
  /** When it last became ready, ms since 1970; 0 while it starts. */
  #readyAt = 0;

  constructor(spec: ProcessSpec, supervision: Supervision) {
    this.#spec = spec;
    this.#supervision = supervision;
  }

  get name(): string {
    return this.#spec.name;
  }

  /** Who runs, if anyone. */
  get identity(): ProcessIdentity | undefined {
    return this.#identity;
  }

  /** How often it was started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /**
   * Starts it and waits until it is ready; from then on it is watched over.
   * @throws PlatformError `service_failed` where it ends or does not become ready in time; it is not running then
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#spawn();
    const problem = await this.#untilReady(signal);
    if (problem === undefined) {
      this.#readyAt = Date.now();
      return;
    }
    await this.stop(2000);
    throw new PlatformError("service_failed", problem);
  }

  /**
   * SIGTERM, and SIGKILL where it is still there after the bound.
   * @returns false where it had to be killed
   */
  async stop(timeoutMs: number): Promise<boolean> {
    this.#endSupervision();
    const child = this.#child;
    if (child === undefined) return true;
    const timer = new AbortController();
    this.#signal("SIGTERM");
    const gone = await Promise.race([
      this.#exited.then(() => true),
      pause(timeoutMs, timer.signal).then(() => false),
    ]);
    timer.abort();
    if (gone) return true;
    this.kill();
    await this.#exited;
    return false;
  }

  /** SIGKILL, at once, to it and what it has started. */
  kill(): void {
    this.#endSupervision();
    this.#signal("SIGKILL");
  }

  #endSupervision(): void {
    this.#stopping.abort();
    void this.#spec.port?.letGo();
  }

  #spawn(): void {
    const { command, args, env, logPath, lifeline } = this.#spec;
    this.#logStart = logSize(logPath);
    const log = openLog(logPath);
    try {
      const child = spawn(command, args, {
        env: env(),
        detached: true,
        stdio: lifeline === "ipc" ? ["ignore", log, log, "ipc"] : ["pipe", "pipe", log],
      });
      this.#child = child;
      this.#exited = new Promise((resolve) => {
        let spawnError: Error | undefined;
        const ended = (code: number | null, by: NodeJS.Signals | null): void => {
          if (this.#child !== child) return;
          this.#child = undefined;
          this.#identity = undefined;
          child.stdin?.destroy();
          resolve();
          this.#ended(spawnError, code, by);
        };
        child.once("error", (error) => {
          spawnError = error;
          if (child.pid === undefined) ended(null, null);
        });
        child.once("exit", ended);
      });
      if (child.pid !== undefined && lifeline === "ipc") {
        this.#identity = identify(child.pid);
        this.#supervision.changed();
        const answer = (message: object): void => {
          // Where the channel is closed the process has ended, and its exit tells that.
          child.send(message, () => undefined);
        };
        child.on("message", (message) => this.#spec.port?.heard(message, answer));
      }
      if (lifeline === "stdin") this.#readPid(child);
    } finally {
      closeSync(log);
    }
  }

  /** With a lifeline on standard input, a shell stands between; it prints the number of the process proper. */
  #readPid(child: ChildProcess): void {
    // The pipe breaks when the child dies first; its exit tells that.
    child.stdin?.on("error", () => undefined);
    child.stdout?.once("data", (data: Buffer) => {
      const pid = Number.parseInt(data.toString("latin1"), 10);
      if (this.#child !== child || !Number.isInteger(pid)) return;
      this.#identity = identify(pid);
      this.#supervision.changed();
    });
  }

  #signal(name: NodeJS.Signals): void {
    const group = this.#child?.pid;
    const target = name === "SIGKILL" && group !== undefined ? -group : this.#identity?.pid;
    if (target === undefined) return;
    try {
      process.kill(target, name);
    } catch (error) {
      // It has just ended: the exit event is on its way.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  /** Waits until it is ready. @returns what went wrong, or undefined */
  async #untilReady(signal: AbortSignal): Promise<string | undefined> {
    const child = this.#child;
    const until = Date.now() + this.#supervision.readyTimeoutMs;
    for (;;) {
      if (this.#child !== child || child === undefined) {
        return `${this.name} ended while it started${this.#saidLast()}; its log is ${this.#spec.logPath}`;
      }
      const pid = this.#identity?.pid;
      if (pid !== undefined && (await this.#spec.isReady(pid)) && this.#child === child) {
        return undefined;
      }
      if (signal.aborted) return `${this.name} was stopped while it started`;
      if (Date.now() > until) {
        const seconds = Math.round(this.#supervision.readyTimeoutMs / 1000);
        return `${this.name} was not ready within ${seconds} s${this.#saidLast()}; its log is ${this.#spec.logPath}`;
      }
      await pause(READY_POLL_MS, signal);
    }
  }

  #saidLast(): string {
    const problem = lastProblem(this.#spec.logPath, this.#logStart);
    return problem === undefined ? "" : `: ${problem}`;
  }

  /** Called on every exit; only one that nobody asked for, of a process that had been ready, is news here. */
  #ended(error: Error | undefined, code: number | null, by: NodeJS.Signals | null): void {
    this.#supervision.changed();
    if (this.#stopping.signal.aborted || this.#readyAt === 0) {
      if (error !== undefined) this.#supervision.note(`${this.name}: ${describeError(error)}`);
      return;
    }
    const how = by === null ? `exit code ${code ?? "unknown"}` : `signal ${by}`;
    this.#deaths = Date.now() - this.#readyAt > STEADY_MS ? 1 : this.#deaths + 1;
    this.#restart(`${this.name} ended unexpectedly (${how})${this.#saidLast()}`).catch(
      (problem: unknown) => {
        const text = `${this.name} cannot be started again: ${describeError(problem)}`;
        this.#supervision.failed(new PlatformError("service_failed", text));
      },
    );
  }

  async #restart(what: string): Promise<void> {
    for (let text = what; ;) {
      const { maxDeaths, maxDelayMs } = this.#supervision.restart;
      if (this.#deaths > maxDeaths) {
        throw new PlatformError("service_failed", `${text}; given up after ${maxDeaths} tries`);
      }
      this.#spec.port?.keep();
      const delay = Math.min(FIRST_BACKOFF_MS * 2 ** (this.#deaths - 1), maxDelayMs);
      this.#supervision.note(`${text}; starting it again in ${delay / 1000} s`);
      await pause(delay, this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      this.#readyAt = 0;
      this.#spawn();
      this.#restarts += 1;
      const problem = await this.#untilReady(this.#stopping.signal);
      if (this.#stopping.signal.aborted) return;
      if (problem === undefined) {
        this.#readyAt = Date.now();
        return;
      }
      this.#signal("SIGKILL");
      await this.#exited;
      this.#deaths += 1;
      text = problem;
    }
  }
}
