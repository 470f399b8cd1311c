import { describe, expect, it, onTestFinished } from "vitest";
import { patchedCopy } from "../support/patched-copy.ts";
import { finished, jsonOf, start, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const SHORT = ["bench", "--seconds", "1", "--latency-seconds", "1", "--rate", "5000", "--json"];

interface Bench {
  readonly eventsPerSecond: number;
  readonly acceptedPerSecond: number;
  readonly events: number;
  readonly attributedConversions: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly latencyMs: Record<string, number> | null;
  readonly freshnessMs: Record<string, number> | null;
  readonly cpuMicrosPerEvent: Record<string, number>;
  readonly redisBytesPerEvent: number;
  readonly peakRssMiB: Record<string, number>;
}

describe("tributary bench", () => {
  it.each([
    { name: "msgpack", more: [] },
    {
      name: "long JSON events of skewed users and three tenants",
      more: ["--form", "json", "--event-bytes", "500", "--skew", "0.5", "--tenants", "3"],
    },
  ])("counts every event and says what it cost: $name", { timeout: TIMEOUT_MS }, async (load) => {
    const bench = jsonOf<Bench>(await tributary([...SHORT, ...load.more]));
    expect(bench).toMatchObject({ lost: 0, duplicated: 0 });
    expect(bench.attributedConversions).toBe(bench.events / 50);
    expect(bench.acceptedPerSecond).toBeGreaterThanOrEqual(bench.eventsPerSecond);
    expect(bench.latencyMs).toMatchObject({ atEventsPerSecond: 5000 });
    expect(Object.keys(bench.latencyMs ?? {})).toEqual(
      expect.arrayContaining(["p50", "p95", "p99", "p999", "max"]),
    );
    expect(bench.redisBytesPerEvent).toBeGreaterThan(10);
    if (process.platform !== "linux") return;
    for (const part of ["gateway", "worker", "redis", "generator"]) {
      expect(bench.cpuMicrosPerEvent[part]).toBeGreaterThan(0);
      expect(bench.peakRssMiB[part]).toBeGreaterThan(0);
    }
  });

  it("counts in the report where the warehouse is loaded", { timeout: TIMEOUT_MS }, async () => {
    const bench = jsonOf<Bench>(await tributary([...SHORT, "--warehouse"]));
    expect(bench).toMatchObject({ lost: 0, duplicated: 0, latencyMs: null });
    const { probes, p50, p95, max } = bench.freshnessMs ?? {};
    expect(probes).toBeGreaterThan(0);
    expect([p50, p95, max]).toEqual([p50, p95, max].toSorted((a, b) => Number(a) - Number(b)));
    // Each probe is a conversion of its own, beside those of the load.
    const load = bench.events - Number(probes);
    expect(bench.attributedConversions - Number(probes)).toBe(load / 50);
  });

  const loop = "for i = 0, results - 1 do";
  const breaches = [
    {
      name: "results appended twice",
      to: "for j = 0, results * 2 - 1 do\n  local i = j % results",
      says: "conversions attributed twice",
    },
    { name: "results not appended", to: "for i = 0, -1 do", says: "conversions lost" },
  ];
  for (const { name, to, says } of breaches) {
    it(`gives no figure with ${name}`, { timeout: TIMEOUT_MS }, async () => {
      const copy = patchedCopy([{ file: "streams/src/partition/commit.lua", from: loop, to }]);
      onTestFinished(() => copy.remove());
      const result = await finished(start(SHORT, {}, copy.main));
      expect(result.stderr).toContain(says);
      expect(result.stdout).toBe("");
      expect(result.code).toBe(1);
    });
  }
});
