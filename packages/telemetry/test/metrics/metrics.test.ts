import { Registry } from "prom-client";
import { beforeEach, describe, expect, expectTypeOf, test } from "vitest";
import { createMetrics, METRICS, metricsText } from "../../src/index.ts";
import type { Counter, Gauge, Histogram, LabelsOf, MetricName } from "../../src/index.ts";

describe("createMetrics", () => {
  let registry: Registry;

  beforeEach(() => {
    registry = new Registry();
  });

  async function lines(name: MetricName): Promise<string[]> {
    const { body } = await metricsText(registry);
    return body.split("\n").filter((line) => line.startsWith(name) && !line.includes("_bucket"));
  }

  test("registers every metric of the list", async () => {
    const names = Object.keys(METRICS) as MetricName[];
    createMetrics(registry, names);
    expect(registry.getMetricsAsArray().map((metric) => metric.name)).toEqual(names);
  });

  test("counts, sets and observes, with labels and without", async () => {
    const metrics = createMetrics(registry, [
      "tributary_http_requests_total",
      "tributary_events_accepted_total",
      "tributary_breaker_open",
      "tributary_lag_entries",
      "tributary_publish_seconds",
      "tributary_http_request_seconds",
    ]);
    metrics.tributary_http_requests_total.inc({ route: "/v1/batch", status: 202 });
    metrics.tributary_http_requests_total.inc({ route: "/v1/batch", status: 202 }, 4);
    metrics.tributary_events_accepted_total.inc();
    metrics.tributary_events_accepted_total.inc(500);
    metrics.tributary_breaker_open.set(7);
    metrics.tributary_breaker_open.dec();
    metrics.tributary_breaker_open.inc(3);
    metrics.tributary_lag_entries.set({ group: "attribution" }, 12);
    metrics.tributary_publish_seconds.observe(0.25);
    metrics.tributary_http_request_seconds.observe({ route: "/v1/batch" }, 0.5);
    expect(await lines("tributary_http_requests_total")).toEqual([
      'tributary_http_requests_total{route="/v1/batch",status="202"} 5',
    ]);
    expect(await lines("tributary_events_accepted_total")).toEqual([
      "tributary_events_accepted_total 501",
    ]);
    expect(await lines("tributary_breaker_open")).toEqual(["tributary_breaker_open 9"]);
    expect(await lines("tributary_lag_entries")).toEqual([
      'tributary_lag_entries{group="attribution"} 12',
    ]);
    expect(await lines("tributary_publish_seconds")).toEqual([
      "tributary_publish_seconds_sum 0.25",
      "tributary_publish_seconds_count 1",
    ]);
    expect(await lines("tributary_http_request_seconds")).toEqual([
      'tributary_http_request_seconds_sum{route="/v1/batch"} 0.5',
      'tributary_http_request_seconds_count{route="/v1/batch"} 1',
    ]);
    metrics.tributary_lag_entries.reset();
    expect(await lines("tributary_lag_entries")).toEqual([]);
  });

  test("counters with closed labels or none are there at 0", async () => {
    createMetrics(registry, ["tributary_spans_total", "tributary_thread_restarts_total"]);
    expect(await lines("tributary_spans_total")).toHaveLength(3);
    expect(await lines("tributary_thread_restarts_total")).toEqual([
      "tributary_thread_restarts_total 0",
    ]);
  });

  test("a name asked for twice is one metric", async () => {
    const first = createMetrics(registry, ["tributary_spans_total"]);
    const second = createMetrics(registry, ["tributary_spans_total"]);
    first.tributary_spans_total.inc({ outcome: "failed" });
    second.tributary_spans_total.inc({ outcome: "failed" });
    expect(await lines("tributary_spans_total")).toContain(
      'tributary_spans_total{outcome="failed"} 2',
    );
  });

  test("an open label goes over into other", async () => {
    const { tributary_events_dropped_total: dropped } = createMetrics(registry, [
      "tributary_events_dropped_total",
    ]);
    for (let i = 0; i < 100; i++) dropped.inc({ bound: `bound_${i}` });
    dropped.inc({ bound: "bound_3" });
    const series = await lines("tributary_events_dropped_total");
    expect(series).toHaveLength(METRICS.tributary_events_dropped_total.labels.bound + 1);
    expect(series).toContain('tributary_events_dropped_total{bound="other"} 84');
    expect(series).toContain('tributary_events_dropped_total{bound="bound_3"} 2');
  });
});

test("types follow the list", () => {
  const metrics = createMetrics(new Registry(), [
    "tributary_spans_total",
    "tributary_breaker_open",
    "tributary_batch_events",
  ]);
  expectTypeOf(metrics.tributary_spans_total).toEqualTypeOf<Counter<"tributary_spans_total">>();
  expectTypeOf(metrics.tributary_breaker_open).toEqualTypeOf<Gauge<"tributary_breaker_open">>();
  expectTypeOf(metrics.tributary_batch_events).toEqualTypeOf<Histogram<"tributary_batch_events">>();
  expectTypeOf<LabelsOf<"tributary_spans_total">>().toEqualTypeOf<{
    readonly outcome: "exported" | "failed" | "dropped";
  }>();
  expectTypeOf<Parameters<Gauge<"tributary_breaker_open">["set"]>>().toEqualTypeOf<
    [value: number]
  >();
});
