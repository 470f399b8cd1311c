import { createRequire } from "node:module";
import type { SpanExporter } from "@opentelemetry/sdk-trace-base";
import type { SpanQueueConfig, TraceTarget } from "../config.ts";
import { redactUrl } from "../redact.ts";

const require = createRequire(import.meta.url);

/** A place that takes spans, and how to speak of it. */
export interface CollectorTarget {
  /** Its address without credentials. */
  readonly shown: string;
  /** What to set when it does not answer. */
  readonly advice: string;
  /** A new exporter to it. */
  create(): SpanExporter;
}

/** What tracing is to do with finished spans; undefined for `none`. */
export function collectorTarget(
  target: TraceTarget,
  queue: SpanQueueConfig,
): CollectorTarget | undefined {
  switch (target.exporter) {
    case "none":
      return undefined;
    case "jaeger-http":
      return {
        shown: redactUrl(target.endpoint),
        advice: "set OTEL_EXPORTER_JAEGER_ENDPOINT or OTEL_TRACES_EXPORTER=none",
        create: () => createJaegerHttp(target, queue),
      };
    case "jaeger-udp":
      return {
        shown: `udp://${target.host}:${target.port}`,
        advice: "set OTEL_EXPORTER_JAEGER_AGENT_HOST or OTEL_TRACES_EXPORTER=none",
        create: () => createJaegerUdp(target),
      };
    case "otlp":
      return {
        shown: redactUrl(target.endpoint),
        advice: "set OTEL_EXPORTER_OTLP_ENDPOINT or OTEL_TRACES_EXPORTER=none",
        create: () => createOtlp(target, queue),
      };
  }
}

// The exporters are loaded when tracing starts: they take 0.1 s each, which a command that only
// reads metrics or logs must not pay.

function loadJaeger(): typeof import("@opentelemetry/exporter-jaeger") {
  return require("@opentelemetry/exporter-jaeger");
}

/** Shutting down flushes nothing of ours: the span queue has done so. The timer holds the process. */
const JAEGER_FLUSH_TIMEOUT_MS = 1;

function createJaegerHttp(
  target: TraceTarget & { exporter: "jaeger-http" },
  queue: SpanQueueConfig,
): SpanExporter {
  const { JaegerExporter } = loadJaeger();
  const options = {
    endpoint: target.endpoint,
    username: target.username ?? "",
    password: target.password ?? "",
    flushTimeout: JAEGER_FLUSH_TIMEOUT_MS,
    // Passed on to jaeger-client's sender. One request an export, so that an export is taken or
    // lost as a whole: with its own 100, a failure after the first request would count those
    // spans as lost that have arrived.
    maxSpanBatchSize: queue.maxExportBatchSize + 1,
  };
  return new JaegerExporter(options);
}

function createJaegerUdp(target: TraceTarget & { exporter: "jaeger-udp" }): SpanExporter {
  const { JaegerExporter } = loadJaeger();
  return new JaegerExporter({
    host: target.host,
    port: target.port,
    flushTimeout: JAEGER_FLUSH_TIMEOUT_MS,
  });
}

function createOtlp(
  target: TraceTarget & { exporter: "otlp" },
  queue: SpanQueueConfig,
): SpanExporter {
  const {
    OTLPTraceExporter,
  }: typeof import("@opentelemetry/exporter-trace-otlp-proto") = require("@opentelemetry/exporter-trace-otlp-proto");
  return new OTLPTraceExporter({
    url: target.endpoint,
    headers: { ...target.headers },
    timeoutMillis: queue.exportTimeoutMs,
  });
}
