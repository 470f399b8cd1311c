// What services need of the libraries below, so that only this package depends on them.
export {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
export type { Attributes, Context, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";
export type { DestinationStream, Logger } from "pino";
export type { Registry } from "prom-client";

export { LOG_LEVELS, readTelemetryConfig, STANDARD_SAMPLERS } from "./config.ts";
export type {
  LogLevel,
  SamplerConfig,
  SpanQueueConfig,
  TelemetryConfig,
  TraceTarget,
} from "./config.ts";
export type { Env } from "./env.ts";
export { TELEMETRY_ERROR_CODES, TelemetryError } from "./errors.ts";
export type { TelemetryErrorCode } from "./errors.ts";
export { metricsText } from "./http.ts";
export type { MetricsText } from "./http.ts";
export { createLogger } from "./logger.ts";
export type { LoggerOptions } from "./logger.ts";
export { METRICS } from "./metrics/names.ts";
export type { MetricDefinition, MetricName } from "./metrics/names.ts";
export { createMetrics } from "./metrics/metrics.ts";
export type { Counter, Gauge, Histogram, LabelsOf, MetricOf, Metrics } from "./metrics/metrics.ts";
export type { RecordedSpan, RecordSpan } from "./tracing/record-span.ts";
export { redactText, redactUrl } from "./redact.ts";
export { RateLimitedSampler, SAMPLING_PRIORITY } from "./tracing/sampler.ts";
export { UNTRACED } from "./tracing/sparing-tracer.ts";
export type { SpanOutcome } from "./tracing/span-queue.ts";
export { startTelemetry } from "./start.ts";
export type { Telemetry, TelemetryOptions } from "./start.ts";
export {
  decodeTraceContext,
  encodeTraceContext,
  formatTraceparent,
  parseTraceparent,
  TRACE_CONTEXT_BYTES,
} from "./tracing/trace-context.ts";
