/**
 * People of a chaos run whose whole story is one request in one partition that nobody else is in. So a fault that loses
 * a partition for good can be judged: a story is there with exactly its effect, or it is gone because the partition was
 * flushed after it was sent.
 */
import type { PlainEvent } from "@tributary/oracle";
import { Load, type LoadOptions } from "./load.ts";
import { isPassersByPartition } from "./passers-by-partition.ts";
import type { WorkBatch } from "./workload.ts";

export const PASSERS_BY_TENANT = "initech";
/** Stories of a batch; each has {@link STORY_TYPES} events. */
const STORIES = 5;
const STORY_TYPES = ["impression", "click", "visit", "conversion"] as const;
const CHANNELS = ["email", "paid_search", "display"] as const;
/** Between two events of a story: its first is older than what a clock so far ahead leaves of a day's lateness. */
const STEP_MS = 45 * 60_000;
/** How far ahead a wrong clock is: just within what the gateway takes. */
const AHEAD_MS = 23 * 3_600_000;
const CLIENTS = 1;
/** Batches of a burst and stories of each: together more texts than a thread's vocabulary may hold. */
const BURST_BATCHES = 8;
const BURST_STORIES = 400;
const TEXT_LENGTH = 240;

/** One person's events, sent at once. */
interface Story {
  readonly sentAtMs: number;
  readonly events: readonly PlainEvent[];
}

/** What must have come of passers-by. */
export interface PassersByOutcome {
  /** Acknowledged events that have exactly their effect. */
  readonly must: readonly PlainEvent[];
  /** IDs of all events that were sent. */
  readonly may: ReadonlySet<string>;
}

export interface PassersByOptions extends Omit<LoadOptions, "batches" | "clients"> {
  readonly partitions: number;
}

/** Sends passers-by through a run, and says which of their events must have counted. */
export class PassersBy {
  readonly #load: Load;
  readonly #partitions: number;
  readonly #stories: Story[] = [];
  #people = 0;
  #aheadMs = 0;
  #burstBatches = 0;
  #flushedAtMs = -Infinity;

  constructor(options: PassersByOptions) {
    this.#partitions = options.partitions;
    this.#load = new Load({ ...options, batches: this.#batches(), clients: CLIENTS });
  }

  /** The partition that is theirs. */
  get partition(): number {
    return this.#partitions - 1;
  }

  start(): void {
    this.#load.start();
  }

  async finish(): Promise<void> {
    await this.#load.finish();
  }

  /** The next batch comes from a client whose clock is most of a day ahead. */
  setClockAhead(): void {
    this.#aheadMs = AHEAD_MS;
  }

  /** The next batches bring texts that were never seen and never come again. */
  burst(): void {
    this.#burstBatches += BURST_BATCHES;
  }

  /** Their partition was flushed: what was sent before may be gone. @param atMs when all of it was deleted */
  flushed(atMs: number): void {
    this.#flushedAtMs = Math.max(this.#flushedAtMs, atMs);
  }

  outcome(): PassersByOutcome {
    const acknowledged = new Set(
      this.#load.sent.filter((one) => one.acknowledged).map(({ event }) => event.id),
    );
    const must = this.#stories
      .filter(({ sentAtMs }) => sentAtMs > this.#flushedAtMs)
      .flatMap(({ events }) => events)
      .filter(({ id }) => acknowledged.has(id));
    return { must, may: new Set(this.#load.sent.map(({ event }) => event.id)) };
  }

  *#batches(): Generator<WorkBatch, never> {
    for (;;) {
      const bursting = this.#burstBatches > 0;
      if (bursting) this.#burstBatches -= 1;
      const aheadMs = this.#aheadMs;
      this.#aheadMs = 0;
      const stories = Array.from({ length: bursting ? BURST_STORIES : STORIES }, () =>
        this.#story(aheadMs, bursting),
      );
      yield { tenant: PASSERS_BY_TENANT, events: stories.flat(), form: "json", twice: false };
    }
  }

  #story(aheadMs: number, bursting: boolean): readonly PlainEvent[] {
    const userId = this.#nextUser();
    const sentAtMs = Date.now();
    const events = STORY_TYPES.map((type, i): PlainEvent => {
      const id = `${userId}-${type}`;
      const time = sentAtMs + aheadMs - (STORY_TYPES.length - 1 - i) * STEP_MS;
      if (type === "conversion") {
        return { id, type, time, userId, orderId: id, value: "12.50", currency: "EUR" };
      }
      const channel = CHANNELS[i % CHANNELS.length] as string;
      return { id, type, time, userId, channel, ...(bursting ? { content: unique(id) } : {}) };
    });
    this.#stories.push({ sentAtMs, events });
    return events;
  }

  /** A person whose partition is theirs. */
  #nextUser(): string {
    for (;;) {
      this.#people += 1;
      const userId = `passer-by-${this.#people}`;
      if (isPassersByPartition(PASSERS_BY_TENANT, userId, this.#partitions)) return userId;
    }
  }
}

/** A long text that nothing else bears. */
function unique(id: string): string {
  return id.padEnd(TEXT_LENGTH, ".");
}
