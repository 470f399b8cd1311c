import type { OutgoingEvent } from "./event.ts";
import { pack, packBatch } from "./msgpack.ts";
import { type Outcome, post, type Target } from "./post.ts";
import type { OnProblem, ProblemCode } from "./problem.ts";

export interface SenderOptions extends Target {
  /** Most events, and packed bytes, of a request. */
  readonly batchEvents: number;
  readonly batchBytes: number;
  /** Longest wait of an event for its batch, ms. */
  readonly flushIntervalMs: number;
  /** Most events, and packed bytes, that wait. */
  readonly maxQueueEvents: number;
  readonly maxQueueBytes: number;
  /** Wait before the first further try, doubled each time up to the second, ms. */
  readonly retryMs: number;
  readonly maxRetryMs: number;
  readonly onProblem: OnProblem;
}

/** Keeps events beyond the page; the sender notifies it. */
export interface Keeper {
  /** Whether an event is still to be sent: it is not where another page has sent it, or all was cleared. */
  wants(event: OutgoingEvent): boolean;
  /** The event needs no more keeping. */
  release(event: OutgoingEvent): void;
}

/** The gateway takes none that is larger, packed. */
const MOST_EVENT_BYTES = 32_768;

/** Requests that are taken before twice as many events are sent at once again: of more requests one may be in vain. */
const GROW_AFTER_TAKEN = 16;

interface Item {
  readonly event: OutgoingEvent;
  readonly bytes: Uint8Array;
}

/** A bounded queue of events, and what empties it: one request at a time, again and again until the gateway has them. */
export class Sender {
  readonly #options: SenderOptions;
  readonly #keeper: Keeper | undefined;
  /** Oldest first. */
  readonly #items = new Set<Item>();
  #bytes = 0;
  readonly #underWay = new Set<Item>();
  #running: Promise<void> | undefined;
  #timer: { readonly id: ReturnType<typeof setTimeout>; readonly atMs: number } | undefined;
  /** No request before this, ms since 1970. */
  #notBeforeMs = 0;
  /** Whether the gateway set that time. */
  #isAskedToWait = false;
  #failures = 0;
  /** Most events of a request: fewer than configured where the gateway found those too many a while ago. */
  #most: number;
  /** Requests taken since then, or since there were more of them last. */
  #taken = 0;

  constructor(options: SenderOptions, keeper?: Keeper) {
    this.#options = options;
    this.#keeper = keeper;
    this.#most = options.batchEvents;
  }

  /** Events that wait or are under way. */
  get length(): number {
    return this.#items.size;
  }

  /** Whether as many more events fit, or the queue is empty. */
  hasRoom(events: number): boolean {
    const { maxQueueEvents, maxQueueBytes } = this.#options;
    const count = this.length;
    return count === 0 || (count + events <= maxQueueEvents && this.#bytes < maxQueueBytes);
  }

  /** Until a request may be made, ms. */
  get waitMs(): number {
    return Math.max(0, this.#notBeforeMs - Date.now());
  }

  /** Packs an event; undefined where it cannot be sent, after notifying `onProblem`. */
  pack(event: OutgoingEvent): Uint8Array | undefined {
    let bytes: Uint8Array;
    try {
      bytes = pack(event);
    } catch (error) {
      this.#lose("unpackable", error instanceof Error ? error.message : "no JSON", event);
      return undefined;
    }
    if (bytes.length <= MOST_EVENT_BYTES) return bytes;
    const reason = `expected at most ${MOST_EVENT_BYTES} bytes, got ${bytes.length}`;
    this.#lose("too_large", reason, event);
    return undefined;
  }

  /** @returns whether the event was taken; where not, `onProblem` was notified */
  add(event: OutgoingEvent): boolean {
    const { flushIntervalMs, batchBytes } = this.#options;
    const bytes = this.pack(event);
    if (bytes === undefined) return false;
    if (event.type !== "custom") this.#makeRoom(bytes.length);
    if (!this.#fits(bytes.length)) return this.#lose("queue_full", this.#fullness, event);
    this.#items.add({ event, bytes });
    this.#bytes += bytes.length;
    const idle = this.length - this.#underWay.size;
    if (idle >= this.#most || this.#bytes >= batchBytes) void this.#run();
    else this.#wake(flushIntervalMs);
    return true;
  }

  /** Sends what there is. @returns whether nothing is left: false where the gateway is unavailable or asked to wait */
  async flush(): Promise<boolean> {
    await this.#run();
    return this.length === 0;
  }

  /** The page may be gone in a moment: sends as much as a browser lets go out then, beside what is under way. */
  hurry(): void {
    void this.#run();
    if (this.waitMs === 0) void this.#send(this.#next());
  }

  /** The network is back: tries now, unless the gateway asked to wait. */
  retry(): void {
    if (!this.#isAskedToWait) this.#notBeforeMs = 0;
    void this.#run();
  }

  /** Gives up all events, which are returned. */
  clear(): readonly OutgoingEvent[] {
    const items = [...this.#items];
    this.#remove(items);
    clearTimeout(this.#timer?.id);
    this.#timer = undefined;
    return items.map(({ event }) => event);
  }

  get #fullness(): string {
    return `${this.length} events of ${this.#bytes} bytes wait already`;
  }

  #fits(bytes: number): boolean {
    return this.hasRoom(1) && this.#bytes + bytes <= this.#options.maxQueueBytes;
  }

  /** Gives up the oldest custom events, which earn nothing, as long as something worth more does not fit. */
  #makeRoom(bytes: number): void {
    for (const item of this.#items) {
      if (this.#fits(bytes)) return;
      if (item.event.type !== "custom" || this.#underWay.has(item)) continue;
      const reason = this.#fullness;
      this.#remove([item]);
      this.#lose("queue_full", reason, item.event);
    }
  }

  #run(): Promise<void> {
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      if (this.length > 0) this.#wake(this.waitMs || this.#options.flushIntervalMs);
    });
    return this.#running;
  }

  async #drain(): Promise<void> {
    while (this.waitMs === 0) {
      const batch = this.#next();
      if (batch.length === 0) return;
      await this.#send(batch);
    }
  }

  /** Runs in `afterMs` at the latest. */
  #wake(afterMs: number): void {
    const atMs = Date.now() + afterMs;
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return;
    clearTimeout(this.#timer?.id);
    const id = setTimeout(() => {
      this.#timer = undefined;
      void this.#run();
    }, afterMs);
    this.#timer = { id, atMs };
  }

  /** The oldest events that are not under way, as many as a request may have. */
  #next(): readonly Item[] {
    const keeper = this.#keeper;
    if (keeper !== undefined) {
      this.#remove([...this.#items].filter(({ event }) => !keeper.wants(event)));
    }
    const batch: Item[] = [];
    let bytes = 0;
    for (const item of this.#items) {
      if (this.#underWay.has(item)) continue;
      bytes += item.bytes.length;
      if (batch.length === this.#most || (batch.length > 0 && bytes > this.#options.batchBytes)) {
        break;
      }
      batch.push(item);
    }
    return batch;
  }

  async #send(batch: readonly Item[]): Promise<void> {
    if (batch.length === 0) return;
    for (const item of batch) this.#underWay.add(item);
    const body = packBatch(
      batch.map(({ bytes }) => bytes),
      Date.now(),
    );
    const outcome = await post(this.#options, body);
    for (const item of batch) this.#underWay.delete(item);
    if (outcome.kind === "later") return this.#defer(outcome, batch);
    this.#failures = 0;
    if (outcome.kind === "too_large" && batch.length > 1) {
      this.#most = Math.ceil(batch.length / 2);
      this.#taken = 0;
      return;
    }
    this.#taken += 1;
    if (this.#taken % GROW_AFTER_TAKEN === 0) {
      this.#most = Math.min(2 * this.#most, this.#options.batchEvents);
    }
    this.#remove(batch);
    const events = batch.map(({ event }) => event);
    const { onProblem } = this.#options;
    if (outcome.kind !== "taken") {
      const { status, reason, kind } = outcome;
      return onProblem({ code: kind, reason, status, events });
    }
    const { status } = outcome;
    for (const { index, field, reason } of outcome.refused) {
      onProblem({
        code: "refused",
        reason,
        field,
        status,
        events: events.slice(index, index + 1),
      });
    }
  }

  #defer(outcome: Outcome & { kind: "later" }, batch: readonly Item[]): void {
    const { retryMs, maxRetryMs, onProblem } = this.#options;
    const { reason, status, afterMs } = outcome;
    const whole = Math.min(retryMs * 2 ** Math.min(this.#failures, 20), maxRetryMs);
    this.#failures += 1;
    // Chance keeps senders from coming back together.
    const chance = Math.random();
    this.#isAskedToWait = afterMs !== undefined;
    const retryInMs = Math.round(
      afterMs === undefined ? whole * (0.5 + chance / 2) : afterMs + retryMs * chance,
    );
    this.#notBeforeMs = Date.now() + retryInMs;
    // They may have been given up meanwhile.
    const events = batch.filter((item) => this.#items.has(item)).map(({ event }) => event);
    if (events.length === 0) return;
    this.#wake(retryInMs);
    onProblem({
      code: "waiting",
      reason,
      retryInMs,
      events,
      ...(status === undefined ? {} : { status }),
    });
  }

  #remove(gone: readonly Item[]): void {
    for (const item of gone) {
      if (!this.#items.delete(item)) continue;
      this.#bytes -= item.bytes.length;
      this.#keeper?.release(item.event);
    }
  }

  #lose(code: ProblemCode, reason: string, event: OutgoingEvent): false {
    this.#options.onProblem({ code, reason, events: [event] });
    return false;
  }
}
