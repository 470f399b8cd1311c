import { trace, ROOT_CONTEXT } from "@opentelemetry/api";
import { describe, expect, test } from "vitest";
import { startCollector } from "../support/jaeger-collector.ts";
import { spanCounts, startTest } from "../support/telemetry.ts";

describe("OTEL_TRACES_SAMPLER", () => {
  const parent = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 1 };
  // [sampler, argument, roots kept of 1000 (from, to), a sampled parent's child is kept]
  const cases = [
    ["always_on", "", 1000, 1000, true],
    ["always_off", "", 0, 0, false],
    ["parentbased_always_on", "", 1000, 1000, true],
    ["parentbased_always_off", "", 0, 0, true],
    ["parentbased_traceidratio", "0", 0, 0, true],
    ["traceidratio", "0.5", 400, 600, true],
  ] as const;

  test.for(cases)("%s %s", async ([sampler, argument, least, most, child]) => {
    const { telemetry } = startTest({
      OTEL_TRACES_SAMPLER: sampler,
      OTEL_TRACES_SAMPLER_ARG: argument,
      OTEL_EXPORTER_JAEGER_AGENT_HOST: "127.0.0.1",
      OTEL_EXPORTER_JAEGER_AGENT_PORT: "9",
    });
    const spans = Array.from({ length: 1000 }, () => telemetry.tracer.startSpan("root"));
    const kept = spans.filter((span) => span.isRecording()).length;
    expect(kept).toBeGreaterThanOrEqual(least);
    expect(kept).toBeLessThanOrEqual(most);
    if (sampler !== "traceidratio") {
      const below = trace.setSpanContext(ROOT_CONTEXT, parent);
      expect(telemetry.tracer.startSpan("child", {}, below).isRecording()).toBe(child);
    }
    await telemetry.shutdown();
  });
});

test("an export is one request, so that it is counted as a whole", async () => {
  const collector = await startCollector();
  const { telemetry } = startTest({
    OTEL_TRACES_SAMPLER: "always_on",
    OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "250",
  });
  for (let i = 0; i < 250; i++) telemetry.tracer.startSpan("work").end();
  await telemetry.shutdown();
  expect(collector.spans()).toHaveLength(250);
  expect(collector.authorizations()).toHaveLength(1);
  expect((await spanCounts(telemetry.metrics)).exported).toBe(250);
  await collector.close();
});

test("long attributes are cut, as bounds on a span", async () => {
  const collector = await startCollector();
  const { telemetry } = startTest({
    OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
    OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: "20",
  });
  telemetry.tracer.startSpan("work", { attributes: { long: "x".repeat(10_000) } }).end();
  await telemetry.shutdown();
  expect(collector.spans()[0]?.tags["long"]).toBe("x".repeat(20));
  await collector.close();
});

test("OpenTelemetry's own messages go to the log where they are asked for", async () => {
  const collector = await startCollector();
  const { telemetry, log } = startTest({
    OTEL_LOG_LEVEL: "debug",
    OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
  });
  telemetry.tracer.startSpan("work").end();
  await telemetry.shutdown();
  await collector.close();
  expect(log.messages()).toContain("debug: Jaeger exporter export");
  expect(log.parsed()[0]).toMatchObject({ component: "opentelemetry", service: "test-service" });
});
