import type { Tracer } from "@opentelemetry/api";
import type { DestinationStream, Logger } from "pino";
import { collectDefaultMetrics, Registry } from "prom-client";
import type { TelemetryConfig } from "./config.ts";
import { createLogger } from "./logger.ts";
import { createMetrics } from "./metrics/metrics.ts";
import { createRecordSpan } from "./tracing/record-span.ts";
import type { RecordSpan } from "./tracing/record-span.ts";
import { startTracing } from "./tracing/tracing.ts";

export interface TelemetryOptions {
  /** Name in traces, logs and metrics, such as `tributary-gateway`; OTEL_SERVICE_NAME replaces it. */
  readonly serviceName: string;
  readonly serviceVersion: string;
  /** Tells this process from others of the same service. */
  readonly instanceId: string;
  readonly config: TelemetryConfig;
  /** Where log lines go; standard output without it. */
  readonly logDestination?: DestinationStream;
}

/** What a service needs to be seen. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly logger: Logger;
  /** Holds Node's default metrics, `tributary_build_info` and `tributary_spans_total` already. */
  readonly metrics: Registry;
  readonly recordSpan: RecordSpan;
  /**
   * Sends the spans that wait. Takes at most 1.5 s, whatever the collector does; never rejects.
   * A second call waits for the first.
   */
  shutdown(): Promise<void>;
}

/**
 * Starts tracing, metrics and logs of one process. Loading the tracing SDK takes about 0.2 s, once.
 * Never throws for an unavailable collector, and never waits for one.
 */
export function startTelemetry(options: TelemetryOptions): Telemetry {
  const { config, serviceVersion, instanceId } = options;
  const serviceName = config.serviceName ?? options.serviceName;
  const logger = createLogger({
    service: serviceName,
    instance: instanceId,
    level: config.logLevel,
    ...(options.logDestination === undefined ? {} : { destination: options.logDestination }),
  });
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const own = createMetrics(registry, ["tributary_build_info", "tributary_spans_total"]);
  own.tributary_build_info.set(
    { service: serviceName, version: serviceVersion, node: process.version },
    1,
  );
  const tracing = startTracing({
    serviceName,
    serviceVersion,
    instanceId,
    config,
    logger,
    countSpans: (outcome, spans) => own.tributary_spans_total.inc({ outcome }, spans),
  });
  let stopped: Promise<void> | undefined;
  return {
    tracer: tracing.tracer,
    logger,
    metrics: registry,
    recordSpan: createRecordSpan(tracing.tracer),
    shutdown() {
      stopped ??= tracing.shutdown();
      return stopped;
    },
  };
}
