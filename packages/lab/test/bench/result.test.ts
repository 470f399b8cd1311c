import { expect, test } from "vitest";
import { latencyOf } from "../../src/bench/result.ts";

test("latency is given by percentiles of all conversions, whatever their order", () => {
  const values = Float64Array.from({ length: 1000 }, (_, i) => 1000 - i);
  expect(latencyOf(values, 700)).toEqual({
    p50: 501,
    p95: 951,
    p99: 991,
    p999: 1000,
    max: 1000,
    atEventsPerSecond: 700,
    conversions: 1000,
  });
});

test("without conversions there is no latency", () => {
  expect(latencyOf(new Float64Array(0), 700)).toBeNull();
});
