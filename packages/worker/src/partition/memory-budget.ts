import type { Admission, Retention } from "@tributary/streams";
import type { Logger } from "@tributary/telemetry";

const MB = 2 ** 20;
const CHECK_MS = 250;
/** A worker that stopped reading goes on below this share of its limit, so that it does not flutter. */
const RESUME_SHARE = 0.95;
/** While memory is scarce garbage is collected this often: nothing else would, as nothing is computed. */
const COLLECT_MS = 5000;
/**
 * Resident memory that a partition takes for each byte of its fact log in Redis: 2.0 was measured after a rebuild, of
 * which the tables were 0.9 to 1.1 (test/bench/takeover.ts); with room for logs that are denser.
 */
const MEMORY_PER_LOG_BYTE = 2.5;

export interface MemoryUse {
  readonly limitBytes: number;
  /** Resident memory of the process, threads included: what the kernel counts. */
  residentBytes(): number;
  /** What a partition's tables hold. */
  partitionBytes(partition: number): number;
  /** What of a partition's fact log can go where memory is scarce. */
  relief(partition: number): Retention;
  /** Has every thread collect its garbage. */
  collect(): Promise<void>;
}

/**
 * The worker's bound on its memory. At the limit it reads nothing, so that what waits stays in Redis until the gateway's
 * backlog bound; and it takes no partition that would not fit. The kernel's killer would take everything.
 */
export class MemoryBudget implements Admission {
  readonly limitBytes: number;
  readonly #use: MemoryUse;
  readonly #logger: Logger;
  /** Memory reserved for partitions that are being rebuilt. */
  readonly #reserved = new Map<number, number>();
  readonly #refused = new Map<number, string>();
  #residentBytes = 0;
  #full = false;
  #collectedAtMs = -Infinity;
  #timer: NodeJS.Timeout | undefined;

  constructor(use: MemoryUse, logger: Logger) {
    this.limitBytes = use.limitBytes;
    this.#use = use;
    this.#logger = logger;
    this.#residentBytes = use.residentBytes();
  }

  /** Resident memory at the last look. */
  get residentBytes(): number {
    return this.#residentBytes;
  }

  /** Whether the limit is reached: nothing is read. */
  get full(): boolean {
    return this.#full;
  }

  get mayRead(): boolean {
    return !this.#full;
  }

  /** Partitions that are this worker's to take and would not fit. */
  get refused(): number[] {
    return [...this.#refused.keys()].toSorted((a, b) => a - b);
  }

  /** Why the worker does less than it should; undefined where it does not. */
  get reason(): string | undefined {
    const reasons = [...this.#refused.values()];
    if (this.#full) reasons.unshift(this.#fullReason());
    return reasons.length === 0 ? undefined : reasons.join("; ");
  }

  mayTake(partition: number, factLogBytes: number): boolean {
    const needed = Math.ceil(factLogBytes * MEMORY_PER_LOG_BYTE);
    let left = this.limitBytes - this.#look();
    for (const [other, bytes] of this.#reserved) {
      if (other !== partition) left -= Math.max(0, bytes - this.#use.partitionBytes(other));
    }
    if (needed <= left) {
      this.#refused.delete(partition);
      this.#reserved.set(partition, needed);
      return true;
    }
    const reason = `partition ${partition} needs about ${mb(needed)}, ${mb(Math.max(0, left))} left of ${this.#limit()}; add a worker or raise it`;
    if (!this.#refused.has(partition)) this.#logger.error({ partition }, reason);
    this.#refused.set(partition, reason);
    return false;
  }

  rebuilt(partition: number): void {
    this.#reserved.delete(partition);
  }

  released(partition: number): void {
    this.#reserved.delete(partition);
    this.#refused.delete(partition);
  }

  relief(partition: number): Retention {
    return this.#use.relief(partition);
  }

  /** Looks at the memory from now on. */
  start(): void {
    this.#timer = setInterval(() => this.check(), CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Looks once. */
  check(): void {
    const resident = this.#look();
    if (!this.#full && resident >= this.limitBytes) {
      this.#full = true;
      this.#logger.error(`${this.#fullReason()}; add a worker or raise it`);
    } else if (this.#full && resident < this.limitBytes * RESUME_SHARE) {
      this.#full = false;
      this.#logger.info(`memory is ${mb(resident)} again: entries are read`);
    }
    const now = performance.now();
    if ((this.#full || this.#refused.size > 0) && now - this.#collectedAtMs >= COLLECT_MS) {
      this.#collectedAtMs = now;
      this.#use.collect().catch((error: unknown) => {
        this.#logger.warn({ err: error }, "garbage was not collected");
      });
    }
  }

  #look(): number {
    this.#residentBytes = this.#use.residentBytes();
    return this.#residentBytes;
  }

  #limit(): string {
    return `TRIBUTARY_MEMORY_LIMIT_MB=${Math.round(this.limitBytes / MB)}`;
  }

  #fullReason(): string {
    return `memory is ${mb(this.#residentBytes)} of ${this.#limit()}: nothing is read until it falls`;
  }
}

function mb(bytes: number): string {
  return `${Math.ceil(bytes / MB)} MB`;
}
