import { setTimeout as sleep } from "node:timers/promises";
import { type GroupLag, type PartitionLag, totalLag } from "./lag.ts";

/** A group's rate, and the time that it needs for what waits. */
export interface Drain {
  /** Entries acknowledged per second, over the time since an earlier reading. */
  readonly entriesPerSecond: number;
  /**
   * Time until the waiting entries are done at that rate, if no more come, s. null where something has waited for longer
   * than the measurement took and nothing was done: never, as it goes.
   */
  readonly secondsToDrain: number | null;
}

export type MeasuredLag = Omit<GroupLag, "acknowledged"> & Drain;

/** A partition's lag with its rates. */
export interface MeasuredPartition
  extends Omit<PartitionLag, "acknowledged" | "warehouse" | "committedEvents">, Drain {
  /** Events in the entries committed per second. */
  readonly eventsPerSecond: number;
  readonly warehouse: MeasuredLag;
}

export interface MeasuredReport {
  readonly partitions: readonly MeasuredPartition[];
  readonly total: MeasuredLag & {
    readonly eventsPerSecond: number;
    readonly warehouse: MeasuredLag;
  };
}

interface Reading {
  readonly atMs: number;
  readonly lags: readonly PartitionLag[];
}

/** The least time between two readings that a rate is taken from, ms. */
const MIN_INTERVAL_MS = 1000;
/** A rate is over the oldest reading within this time… */
const WINDOW_MS = 15_000;
/** …or, where there is none, over the newest before it that is not older than this (a scrape a minute), ms. */
const MAX_INTERVAL_MS = 150_000;

/** Readings of the lag over time: what rates come from. */
export class LagMeter {
  readonly #read: () => Promise<PartitionLag[]>;
  readonly #minIntervalMs: number;
  #readings: Reading[] = [];

  constructor(read: () => Promise<PartitionLag[]>, minIntervalMs: number = MIN_INTERVAL_MS) {
    this.#read = read;
    this.#minIntervalMs = minIntervalMs;
  }

  /** The lag now. Takes a second where there is no earlier reading. */
  async measure(): Promise<MeasuredReport> {
    const first = await this.#take();
    const before = this.#before(first.atMs);
    if (before !== undefined) return measured(before, first);
    await sleep(this.#minIntervalMs);
    return measured(first, await this.#take());
  }

  async #take(): Promise<Reading> {
    const reading = { lags: await this.#read(), atMs: performance.now() };
    // One a second is kept: their number is bounded.
    const last = this.#readings.at(-1);
    if (last === undefined || reading.atMs - last.atMs >= this.#minIntervalMs) {
      this.#readings = this.#readings.filter(({ atMs }) => reading.atMs - atMs <= MAX_INTERVAL_MS);
      this.#readings.push(reading);
    }
    return reading;
  }

  #before(nowMs: number): Reading | undefined {
    const usable = this.#readings.filter(({ atMs }) => nowMs - atMs >= this.#minIntervalMs);
    return usable.find(({ atMs }) => nowMs - atMs <= WINDOW_MS) ?? usable.at(-1);
  }
}

/** What happened between two readings. */
function measured(before: Reading, after: Reading): MeasuredReport {
  const seconds = (after.atMs - before.atMs) / 1000;
  const partitions = after.lags.map((lag, i): MeasuredPartition => {
    const was = before.lags[i] ?? lag;
    const { warehouse, acknowledged: _, committedEvents, ...rest } = lag;
    return {
      ...rest,
      ...drain(was, lag, seconds),
      eventsPerSecond: rate(was.committedEvents, committedEvents, seconds),
      warehouse: measuredLag(was.warehouse, warehouse, seconds),
    };
  });
  const total = totalLag(after.lags);
  return {
    partitions,
    total: {
      ...totalOf(total, partitions),
      eventsPerSecond: partitions.reduce((sum, of) => sum + of.eventsPerSecond, 0),
      warehouse: totalOf(
        total.warehouse,
        partitions.map(({ warehouse }) => warehouse),
      ),
    },
  };
}

function measuredLag(was: GroupLag, lag: GroupLag, seconds: number): MeasuredLag {
  const { acknowledged: _, ...rest } = lag;
  return { ...rest, ...drain(was, lag, seconds) };
}

function drain(was: GroupLag, lag: GroupLag, seconds: number): Drain {
  const entriesPerSecond = rate(was.acknowledged, lag.acknowledged, seconds);
  const waiting = lag.undelivered + lag.pending;
  if (waiting === 0) return { entriesPerSecond, secondsToDrain: 0 };
  if (entriesPerSecond > 0) return { entriesPerSecond, secondsToDrain: waiting / entriesPerSecond };
  // Entries that came since the earlier reading may be in a consumer's hands: no rate is known yet.
  return { entriesPerSecond, secondsToDrain: lag.oldestAgeSeconds < seconds ? 0 : null };
}

/** No partition can help another: the slowest one decides. */
function totalOf({ acknowledged: _, ...lag }: GroupLag, parts: readonly Drain[]): MeasuredLag {
  const never = parts.some(({ secondsToDrain }) => secondsToDrain === null);
  return {
    ...lag,
    entriesPerSecond: parts.reduce((sum, of) => sum + of.entriesPerSecond, 0),
    secondsToDrain: never ? null : Math.max(0, ...parts.map((of) => of.secondsToDrain ?? 0)),
  };
}

function rate(before: number, after: number, seconds: number): number {
  return Math.max(0, after - before) / seconds;
}
