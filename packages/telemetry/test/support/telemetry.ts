import type { Registry } from "prom-client";
import { readTelemetryConfig, startTelemetry } from "../../src/index.ts";
import type { Env, SpanOutcome, Telemetry } from "../../src/index.ts";

/** A log destination that keeps its lines. */
export class LogLines {
  readonly text: string[] = [];

  write(line: string): void {
    this.text.push(line);
  }

  /** The lines as objects. */
  parsed(): Record<string, unknown>[] {
    return this.text.map((line): Record<string, unknown> => JSON.parse(line));
  }

  /** The messages, each with its level before it. */
  messages(): string[] {
    return this.parsed().map((line) => `${String(line["level"])}: ${String(line["msg"])}`);
  }
}

/** Telemetry of a service `test-service` under `env`, with a short delay before exports. */
export function startTest(env: Env): { telemetry: Telemetry; log: LogLines } {
  const log = new LogLines();
  const telemetry = startTelemetry({
    serviceName: "test-service",
    serviceVersion: "1.2.3",
    instanceId: "test-1",
    config: readTelemetryConfig({ OTEL_BSP_SCHEDULE_DELAY: "20", ...env }),
    logDestination: log,
  });
  return { telemetry, log };
}

/** `tributary_spans_total` by outcome. */
export async function spanCounts(registry: Registry): Promise<Record<SpanOutcome, number>> {
  const counts: Record<SpanOutcome, number> = { exported: 0, failed: 0, dropped: 0 };
  for (const metric of await registry.getMetricsAsJSON()) {
    if (metric.name !== "tributary_spans_total") continue;
    for (const { labels, value } of metric.values) {
      const outcome = String(labels["outcome"]);
      if (outcome in counts) counts[outcome as SpanOutcome] = value;
    }
  }
  return counts;
}
