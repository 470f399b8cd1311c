import type { BenchFreshness } from "./freshness.ts";
import { percentileOf } from "./percentile.ts";

/** The processes whose cost is measured. */
export type BenchPart = "gateway" | "worker" | "redis" | "reports" | "generator";

/** From the due time of a conversion's request to the commit of its result, ms. */
export interface BenchLatency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly atEventsPerSecond: number;
  readonly conversions: number;
}

/** What an event costs while the platform takes as many as it can. */
export interface BenchCosts {
  readonly cpuMicrosPerEvent: Readonly<Partial<Record<BenchPart, number>>>;
  /** Redis' own time by command, with what its scripts call. */
  readonly redisMicrosPerEvent: Readonly<Record<string, number>>;
  /** Bytes of the entries that the gateway appends, the stream's own included. */
  readonly redisBytesPerEvent: number;
  /** Growth of Redis' memory by an event that is attributed: its fact, and results until they are loaded. */
  readonly redisKeptBytesPerEvent: number;
  readonly peakRssMiB: Readonly<Partial<Record<BenchPart, number>>>;
}

export interface BenchResult extends BenchCosts {
  /** Events from the first request to the last commit, all drained. */
  readonly eventsPerSecond: number;
  /** Events from the first request to the last answer. */
  readonly acceptedPerSecond: number;
  readonly seconds: number;
  readonly events: number;
  readonly attributedConversions: number;
  readonly lost: number;
  readonly duplicated: number;
  /** Requests that were sent again after 429 or 503. */
  readonly retries: number;
  /** Null where it was not measured. */
  readonly latencyMs: BenchLatency | null;
  /** With the warehouse on; else null. */
  readonly freshnessMs: BenchFreshness | null;
}

/** Latency at a rate; null without conversions. @param values ms, in any order */
export function latencyOf(values: Float64Array, atEventsPerSecond: number): BenchLatency | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted();
  return {
    p50: percentileOf(sorted, 0.5),
    p95: percentileOf(sorted, 0.95),
    p99: percentileOf(sorted, 0.99),
    p999: percentileOf(sorted, 0.999),
    max: percentileOf(sorted, 1),
    atEventsPerSecond,
    conversions: sorted.length,
  };
}
