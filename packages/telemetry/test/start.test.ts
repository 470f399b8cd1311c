import { createSocket } from "node:dgram";
import { once } from "node:events";
import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { decodeTraceContext, encodeTraceContext, metricsText } from "../src/index.ts";
import type { Telemetry } from "../src/index.ts";
import { decodeEmitBatch, startCollector } from "./support/jaeger-collector.ts";
import type { CollectedSpan, Collector } from "./support/jaeger-collector.ts";
import { spanCounts, startTest } from "./support/telemetry.ts";

describe("spans reach Jaeger's collector", () => {
  let collector: Collector;
  let telemetry: Telemetry;

  beforeEach(async () => {
    collector = await startCollector();
    ({ telemetry } = startTest({
      OTEL_EXPORTER_JAEGER_ENDPOINT: collector.url,
      OTEL_RESOURCE_ATTRIBUTES: "deployment.environment.name=test",
    }));
  });

  afterEach(async () => {
    await telemetry.shutdown();
    await collector.close();
  });

  test("with names, parents, links, tags, times and service", async () => {
    const { tracer } = telemetry;
    const request = tracer.startSpan("POST /v1/batch", { kind: SpanKind.SERVER });
    const publish = tracer.startSpan(
      "send events",
      {
        kind: SpanKind.PRODUCER,
        attributes: { "messaging.system": "redis", "messaging.batch.message_count": 3, ok: true },
      },
      trace.setSpan(ROOT_CONTEXT, request),
    );
    publish.end();
    request.setStatus({ code: SpanStatusCode.ERROR, message: "late" });
    request.end();
    const carried = decodeTraceContext(encodeTraceContext(publish.spanContext()));
    const consumer = tracer.startSpan("process events", {
      kind: SpanKind.CONSUMER,
      links: carried === undefined ? [] : [{ context: carried }],
    });
    consumer.end();

    const spans = await collector.waitFor((all) => all.length === 3);
    const [sent, served, processed] = spans as [CollectedSpan, CollectedSpan, CollectedSpan];
    expect(sent).toMatchObject({
      operationName: "send events",
      service: "test-service",
      traceId: request.spanContext().traceId,
      spanId: publish.spanContext().spanId,
      parentSpanId: request.spanContext().spanId,
      references: [],
      tags: {
        "messaging.system": "redis",
        "messaging.batch.message_count": 3,
        ok: true,
        "span.kind": "producer",
        "service.version": "1.2.3",
        "service.instance.id": "test-1",
        "deployment.environment.name": "test",
      },
    });
    expect(served).toMatchObject({ parentSpanId: undefined, tags: { error: true } });
    expect(processed.traceId).not.toBe(sent.traceId);
    expect(processed.references).toEqual([
      { type: "FOLLOWS_FROM", traceId: sent.traceId, spanId: sent.spanId },
    ]);
    expect(Math.abs(served.startUs / 1000 - Date.now())).toBeLessThan(60_000);
    expect(served.durationUs).toBeGreaterThan(0);
  });

  test("a span recorded after the fact keeps its times, in the trace of its unsampled parent", async () => {
    const parent = {
      traceId: "0af7651916cd43dd8448eb211c80319c",
      spanId: "b7ad6b7169203331",
      traceFlags: 0,
      isRemote: true,
    };
    telemetry.recordSpan({
      name: "dead letter",
      kind: SpanKind.CONSUMER,
      startTimeMs: 1_600_000_000_123.25,
      endTimeMs: 1_600_000_000_140.75,
      attributes: { reason: "entry_malformed" },
      parent,
      error: "not an entry",
    });
    const [span] = await collector.waitFor((all) => all.length === 1);
    expect(span).toMatchObject({
      operationName: "dead letter",
      traceId: parent.traceId,
      parentSpanId: parent.spanId,
      startUs: 1_600_000_000_123_250,
      durationUs: 17_500,
      tags: { error: true, reason: "entry_malformed", "otel.status_description": "not an entry" },
    });
  });

  test("log lines within a span carry its IDs", () => {
    const { telemetry: other, log } = startTest({ OTEL_TRACES_EXPORTER: "none" });
    telemetry.tracer.startActiveSpan("work", (span) => {
      other.logger.info("inside");
      span.end();
      expect(log.parsed()[0]).toMatchObject({
        trace_id: span.spanContext().traceId,
        span_id: span.spanContext().spanId,
      });
    });
  });

  test("every span is counted once, and shutdown sends what waits", async () => {
    for (let i = 0; i < 5; i++) telemetry.tracer.startSpan(`root ${i}`).end();
    await Promise.all([telemetry.shutdown(), telemetry.shutdown()]);
    expect(collector.spans()).toHaveLength(5);
    expect(await spanCounts(telemetry.metrics)).toEqual({ exported: 5, failed: 0, dropped: 0 });
    telemetry.tracer.startSpan("after the end").end();
    expect((await spanCounts(telemetry.metrics)).dropped).toBe(0); // the sixth root is over 5 a second
    expect(collector.spans()).toHaveLength(5);
  });
});

test("the environment's service name and credentials are used", async () => {
  const collector = await startCollector();
  const { telemetry, log } = startTest({
    OTEL_EXPORTER_JAEGER_ENDPOINT: `http://127.0.0.1:${collector.port}`,
    OTEL_EXPORTER_JAEGER_USER: "ann",
    OTEL_EXPORTER_JAEGER_PASSWORD: "s3cret",
    OTEL_SERVICE_NAME: "renamed",
  });
  telemetry.tracer.startSpan("one").end();
  telemetry.logger.info("hello");
  await telemetry.shutdown();
  expect(collector.spans()[0]?.service).toBe("renamed");
  expect(collector.authorizations()).toEqual([
    `Basic ${Buffer.from("ann:s3cret").toString("base64")}`,
  ]);
  expect(log.parsed()[0]).toMatchObject({ service: "renamed", instance: "test-1" });
  await collector.close();
});

test("two telemetries in one process keep their spans apart", async () => {
  const collectors = [await startCollector(), await startCollector()] as const;
  const first = startTest({ OTEL_EXPORTER_JAEGER_ENDPOINT: collectors[0].url }).telemetry;
  const second = startTest({ OTEL_EXPORTER_JAEGER_ENDPOINT: collectors[1].url }).telemetry;
  first.tracer.startSpan("of the first").end();
  await first.shutdown();
  second.tracer.startSpan("of the second").end();
  expect(trace.getTracer("any").startSpan("global").isRecording()).toBe(true);
  await second.shutdown();
  expect(trace.getTracer("any").startSpan("global").isRecording()).toBe(false);
  const names = collectors.map((each) => each.spans().map((span) => span.operationName));
  expect(names).toEqual([["of the first"], ["of the second"]]);
  await Promise.all(collectors.map((each) => each.close()));
});

test("UDP is used where only the agent's host is given", async () => {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const received: CollectedSpan[] = [];
  socket.on("message", (datagram) => received.push(...decodeEmitBatch(datagram)));
  const { telemetry } = startTest({
    OTEL_EXPORTER_JAEGER_AGENT_HOST: "127.0.0.1",
    OTEL_EXPORTER_JAEGER_AGENT_PORT: String(socket.address().port),
  });
  telemetry.tracer.startSpan("by datagram").end();
  await telemetry.shutdown();
  await vi.waitFor(() => expect(received).toHaveLength(1));
  expect(received[0]).toMatchObject({ operationName: "by datagram", service: "test-service" });
  expect((await spanCounts(telemetry.metrics)).exported).toBe(1);
  socket.close();
});

test("none records nothing, keeps a parent's context and says nothing", async () => {
  const { telemetry, log } = startTest({ OTEL_TRACES_EXPORTER: "none" });
  const parent = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 1 };
  const span = telemetry.tracer.startSpan("x", {}, trace.setSpanContext(ROOT_CONTEXT, parent));
  expect(span.isRecording()).toBe(false);
  expect(span.spanContext()).toMatchObject(parent);
  span.end();
  await telemetry.shutdown();
  expect(await spanCounts(telemetry.metrics)).toEqual({ exported: 0, failed: 0, dropped: 0 });
  expect(log.text).toEqual([]);
});

test("the registry starts with Node's metrics, the build and the spans", async () => {
  const { telemetry } = startTest({ OTEL_SDK_DISABLED: "true" });
  const { contentType, body } = await metricsText(telemetry.metrics);
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(body).toContain("nodejs_eventloop_lag_p99_seconds");
  expect(body).toContain("process_resident_memory_bytes");
  expect(body).toContain(
    `tributary_build_info{service="test-service",version="1.2.3",node="${process.version}"} 1`,
  );
  expect(body).toContain('tributary_spans_total{outcome="dropped"} 0');
});
