import { afterEach, describe, expect, test, vi } from "vitest";
import type { Telemetry } from "../../src/index.ts";
import { freePort, startBlackHole } from "../support/black-hole.ts";
import { startCollector } from "../support/jaeger-collector.ts";
import { spanCounts, startTest } from "../support/telemetry.ts";

const ALL = { OTEL_TRACES_SAMPLER: "always_on" };

/** Median and total cost of `spans` ended spans, in microseconds. */
function endSpans(telemetry: Telemetry, spans: number): { medianUs: number; totalUs: number } {
  const costs: number[] = [];
  for (let i = 0; i < spans; i++) {
    const span = telemetry.tracer.startSpan("work");
    const before = performance.now();
    span.end();
    costs.push((performance.now() - before) * 1000);
  }
  const totalUs = costs.reduce((sum, cost) => sum + cost, 0);
  return { medianUs: costs.toSorted((a, b) => a - b)[spans >> 1] ?? 0, totalUs };
}

async function timeMs(work: () => Promise<void>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

async function total(telemetry: Telemetry): Promise<number> {
  const { exported, failed, dropped } = await spanCounts(telemetry.metrics);
  return exported + failed + dropped;
}

describe("the collector is away", () => {
  let telemetry: Telemetry;

  afterEach(() => telemetry.shutdown());

  test("it is said once, with the way out, and nothing else happens", async () => {
    const endpoint = `http://ann:s3cret@127.0.0.1:${await freePort()}/api/traces`;
    const started = startTest({ ...ALL, OTEL_EXPORTER_JAEGER_ENDPOINT: endpoint });
    telemetry = started.telemetry;
    for (let i = 0; i < 4; i++) {
      telemetry.tracer.startSpan("work").end();
      await new Promise((resolve) => setTimeout(resolve, 80));
    }
    expect(await timeMs(() => telemetry.shutdown())).toBeLessThan(1000);
    const shown = endpoint.replace("ann:s3cret@", "");
    expect(started.log.messages()).toEqual([
      `info: traces are not collected: no answer from ${shown}; ` +
        "set OTEL_EXPORTER_JAEGER_ENDPOINT or OTEL_TRACES_EXPORTER=none",
    ]);
    expect(started.log.text.join("")).not.toContain("s3cret");
    const counts = await spanCounts(telemetry.metrics);
    expect(counts.exported).toBe(0);
    expect(counts.failed + counts.dropped).toBe(4);
  });

  test("traces flow once it comes", async () => {
    const port = await freePort();
    const endpoint = `http://127.0.0.1:${port}/api/traces`;
    const started = startTest({ ...ALL, OTEL_EXPORTER_JAEGER_ENDPOINT: endpoint });
    telemetry = started.telemetry;
    telemetry.tracer.startSpan("lost").end();
    await vi.waitFor(async () => expect((await spanCounts(telemetry.metrics)).failed).toBe(1));
    const collector = await startCollector({ port });
    telemetry.tracer.startSpan("kept").end();
    await collector.waitFor((spans) => spans.length === 1);
    await vi.waitFor(() =>
      expect(started.log.messages().at(-1)).toBe(`info: traces are collected again by ${endpoint}`),
    );
    await telemetry.shutdown();
    await collector.close();
  });

  test.for([404, 503])("a collector that answers %i is named so", async (status) => {
    const collector = await startCollector({ status: () => status });
    const started = startTest({ ...ALL, OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url });
    telemetry = started.telemetry;
    telemetry.tracer.startSpan("work").end();
    await telemetry.shutdown();
    expect(started.log.messages()[0]).toContain(`${collector.url} answered HTTP ${status}`);
    expect(await spanCounts(telemetry.metrics)).toEqual({ exported: 0, failed: 1, dropped: 0 });
    await collector.close();
  });

  test("OTLP: the loss is said and counted, and shutdown is bounded", async () => {
    const endpoint = `http://127.0.0.1:${await freePort()}`;
    const started = startTest({
      ...ALL,
      OTEL_TRACES_EXPORTER: "otlp",
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    });
    telemetry = started.telemetry;
    telemetry.tracer.startSpan("work").end();
    expect(await timeMs(() => telemetry.shutdown())).toBeLessThan(2100);
    expect(started.log.messages()).toEqual([
      `info: traces are not collected: no answer from ${endpoint}/v1/traces; ` +
        "set OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER=none",
    ]);
    expect(await spanCounts(telemetry.metrics)).toEqual({ exported: 0, failed: 1, dropped: 0 });
  });
});

describe("the collector is a black hole", () => {
  test.for(["jaeger", "otlp"])(
    "%s: ending spans stays cheap, every one is counted, shutdown is bounded",
    async (exporter) => {
      const hole = await startBlackHole();
      const endpoint = `http://127.0.0.1:${hole.port}`;
      const { telemetry } = startTest({
        ...ALL,
        OTEL_TRACES_EXPORTER: exporter,
        OTEL_EXPORTER_JAEGER_ENDPOINT: endpoint,
        OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
        OTEL_BSP_MAX_QUEUE_SIZE: "500",
      });
      endSpans(telemetry, 1000);
      await vi.waitFor(() => expect(hole.accepted()).toBeGreaterThan(0));
      const { medianUs, totalUs } = endSpans(telemetry, 20_000);
      // Measured 0.5 µs; the bounds leave room for a busy machine.
      expect(medianUs).toBeLessThan(10);
      expect(totalUs / 20_000).toBeLessThan(50);
      expect(await timeMs(() => telemetry.shutdown())).toBeLessThan(2000);
      expect(await total(telemetry)).toBe(21_000);
      expect((await spanCounts(telemetry.metrics)).exported).toBe(0);
      await hole.close();
    },
  );

  test("connections to it do not pile up", async () => {
    const hole = await startBlackHole();
    const { telemetry } = startTest({
      ...ALL,
      OTEL_EXPORTER_JAEGER_ENDPOINT: `http://127.0.0.1:${hole.port}/api/traces`,
      OTEL_BSP_EXPORT_TIMEOUT: "30",
    });
    const ending = setInterval(() => telemetry.tracer.startSpan("work").end(), 5);
    await vi.waitFor(() => expect(hole.accepted()).toBeGreaterThan(3), 5000);
    expect(hole.connections()).toBeLessThanOrEqual(2);
    clearInterval(ending);
    await telemetry.shutdown();
    await vi.waitFor(() => expect(hole.connections()).toBe(0));
    await hole.close();
  });
});

test("a queue that overflows while the collector works is counted, and said once", async () => {
  const collector = await startCollector();
  const { telemetry, log } = startTest({
    ...ALL,
    OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
    OTEL_BSP_MAX_QUEUE_SIZE: "100",
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "50",
  });
  endSpans(telemetry, 1000);
  await telemetry.shutdown();
  expect(await spanCounts(telemetry.metrics)).toEqual({ exported: 100, failed: 0, dropped: 900 });
  expect(collector.spans()).toHaveLength(100);
  expect(log.messages()).toEqual([
    "info: spans are dropped: the queue is full; raise OTEL_BSP_MAX_QUEUE_SIZE or trace less",
  ]);
  await collector.close();
});
