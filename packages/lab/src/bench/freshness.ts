import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { LabError } from "../errors.ts";
import { percentileOf } from "./percentile.ts";

/** Freshness of the reports: from an event's 202 to its credit, ms. */
export interface BenchFreshness {
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
  /** Rate of the concurrent load. */
  readonly atEventsPerSecond: number;
  /** Number of conversions, sent one after the other. */
  readonly probes: number;
}

/** Time between two requests for a probe's credit, and between two probes, ms. */
const POLL_MS = 50;
const PAUSE_MS = 100;
const PROBE_TIMEOUT_MS = 30_000;

/** Addresses and key of the probes. */
export interface ProbeTarget {
  readonly gatewayUrl: string;
  readonly reportsUrl: string;
  readonly key: string | undefined;
}

/**
 * Sends a conversion, waits until the reports know its credits, and repeats this until `isOver`.
 * @returns for each, the time from its 202 to the first answer that has it, ms
 * @throws LabError `bench_failed` where one is not reported in time
 */
export async function probeFreshness(
  target: ProbeTarget,
  isOver: () => boolean,
): Promise<readonly number[]> {
  const authorization = target.key === undefined ? {} : { authorization: `Bearer ${target.key}` };
  const timesMs: number[] = [];
  while (!isOver()) {
    const id = randomUUID();
    const response = await fetch(`${target.gatewayUrl}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", ...authorization },
      body: JSON.stringify({ id, type: "conversion", time: Date.now(), userId: `probe-${id}` }),
    });
    if (response.status !== 202) throw new LabError("bench_failed", await response.text());
    await response.body?.cancel();
    const takenAt = performance.now();
    for (;;) {
      const answer = await fetch(`${target.reportsUrl}/v1/conversions/${id}`, {
        headers: authorization,
      });
      await answer.body?.cancel();
      if (answer.status === 200) break;
      if (performance.now() - takenAt > PROBE_TIMEOUT_MS) {
        throw new LabError("bench_failed", `a conversion was not reported within 30 s`);
      }
      await sleep(POLL_MS);
    }
    timesMs.push(performance.now() - takenAt);
    await sleep(PAUSE_MS);
  }
  return timesMs;
}

export function freshnessOf(
  timesMs: readonly number[],
  atEventsPerSecond: number,
): BenchFreshness | null {
  if (timesMs.length === 0) return null;
  const sorted = timesMs.toSorted((a, b) => a - b);
  const at = (share: number): number => Math.round(percentileOf(sorted, share));
  return { p50: at(0.5), p95: at(0.95), max: at(1), atEventsPerSecond, probes: sorted.length };
}
