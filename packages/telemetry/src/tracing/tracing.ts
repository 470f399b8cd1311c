import { createRequire } from "node:module";
import { ProxyTracerProvider, ROOT_CONTEXT, trace } from "@opentelemetry/api";
import type { Tracer, TracerProvider } from "@opentelemetry/api";
import type { Sampler } from "@opentelemetry/sdk-trace-base";
import type { Logger } from "pino";
import { createCollectorReport } from "./collector-report.ts";
import type { SamplerConfig, TelemetryConfig } from "../config.ts";
import { showDiagnostics } from "../diagnostics.ts";
import { collectorTarget } from "./exporter.ts";
import { RateLimitedSampler } from "./sampler.ts";
import { sparingTracer } from "./sparing-tracer.ts";
import { SpanQueue } from "./span-queue.ts";
import type { SpanOutcome } from "./span-queue.ts";

const require = createRequire(import.meta.url);

/** Longest shutdown of tracing, ms, whatever the collector does. */
const SHUTDOWN_TIMEOUT_MS = 1500;

/** Name of the instrumentation scope that our spans carry. */
const SCOPE = "tributary";

export interface TracingOptions {
  readonly serviceName: string;
  readonly serviceVersion: string;
  readonly instanceId: string;
  readonly config: TelemetryConfig;
  readonly logger: Logger;
  /** Called with every sampled span's fate, in groups. */
  countSpans(outcome: SpanOutcome, spans: number): void;
}

export interface Tracing {
  readonly tracer: Tracer;
  /** Bounded by {@link SHUTDOWN_TIMEOUT_MS}; never rejects. */
  shutdown(): Promise<void>;
}

/**
 * Starts the OpenTelemetry SDK with one exporter and W3C trace context; no automatic
 * instrumentation, no metrics, no logs. With exporter `none` the tracer does nothing, and costs it.
 *
 * The context manager, the propagator and the tracer provider are registered globally. Where one
 * process starts telemetry twice the last provider is the global one, but each keeps its own tracer.
 */
export function startTracing(options: TracingOptions): Tracing {
  const { config, logger } = options;
  const target = collectorTarget(config.traces, config.queue);
  if (target === undefined) {
    // Without a delegate this provider's tracers do nothing, whoever is registered globally.
    const tracer = new ProxyTracerProvider().getTracer(SCOPE, options.serviceVersion);
    return { tracer, shutdown: () => Promise.resolve() };
  }
  const { NodeSDK, core } = loadSdk();
  const nowMs = (): number => performance.now();
  const report = createCollectorReport(logger, target, nowMs);
  const queue = new SpanQueue({
    ...config.queue,
    shutdownTimeoutMs: SHUTDOWN_TIMEOUT_MS,
    createExporter: () => target.create(),
    exportContext: core.suppressTracing(ROOT_CONTEXT),
    onOutcome(outcome, spans, error) {
      options.countSpans(outcome, spans);
      if (outcome === "exported") report.exported();
      else if (error !== undefined) report.failed(error, spans);
      else report.dropped(spans);
    },
  });
  const sampler = createSampler(config.sampler, nowMs);
  const sdk = new NodeSDK({
    resource: describeResource(options),
    autoDetectResources: false,
    sampler,
    spanProcessors: [queue],
    spanLimits: { attributeValueLengthLimit: config.attributeValueLengthLimit },
    textMapPropagator: new core.W3CTraceContextPropagator(),
    instrumentations: [],
    // Empty rather than absent: the SDK would otherwise export both by OTLP, unasked.
    metricReaders: [],
    logRecordProcessors: [],
  });
  if (config.diagnostics !== undefined) showDiagnostics(logger, config.diagnostics);
  const provider = register(() => sdk.start());
  const tracer = provider.getTracer(SCOPE, options.serviceVersion);
  return {
    tracer: sampler instanceof RateLimitedSampler ? sparingTracer(tracer, sampler) : tracer,
    async shutdown() {
      await sdk.shutdown();
      if (globalProvider() === provider) trace.disable();
    },
  };
}

// The SDK takes 0.2 s to load, which a command that only reads metrics or logs must not pay.
function loadSdk(): typeof import("@opentelemetry/sdk-node") {
  return require("@opentelemetry/sdk-node");
}

/** Runs `start`, which registers a tracer provider globally, and gives that provider. */
function register(start: () => void): TracerProvider {
  trace.disable();
  start();
  return globalProvider();
}

function globalProvider(): TracerProvider {
  const provider = trace.getTracerProvider();
  return provider instanceof ProxyTracerProvider ? provider.getDelegate() : provider;
}

function describeResource(options: TracingOptions) {
  const {
    resourceFromAttributes,
  }: typeof import("@opentelemetry/resources") = require("@opentelemetry/resources");
  return resourceFromAttributes({
    "service.version": options.serviceVersion,
    "service.instance.id": options.instanceId,
    ...options.config.resourceAttributes,
    "service.name": options.serviceName,
  });
}

function createSampler(config: SamplerConfig, nowMs: () => number): Sampler {
  if (config.name === "rate_limited") return new RateLimitedSampler(config.tracesPerSecond, nowMs);
  const sdk: typeof import("@opentelemetry/sdk-trace-base") = require("@opentelemetry/sdk-trace-base");
  const roots: Record<string, () => Sampler> = {
    always_on: () => new sdk.AlwaysOnSampler(),
    always_off: () => new sdk.AlwaysOffSampler(),
    traceidratio: () => new sdk.TraceIdRatioBasedSampler(config.ratio),
  };
  const root = roots[config.name.replace("parentbased_", "")]?.() ?? new sdk.AlwaysOnSampler();
  return config.name.startsWith("parentbased_") ? new sdk.ParentBasedSampler({ root }) : root;
}
