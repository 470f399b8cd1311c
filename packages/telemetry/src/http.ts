import type { Registry } from "prom-client";

/** What `GET /metrics` answers. */
export interface MetricsText {
  readonly contentType: string;
  readonly body: string;
}

/** All metrics of `registry` in the Prometheus text format, with the content type that names it. */
export async function metricsText(registry: Registry): Promise<MetricsText> {
  return { contentType: registry.contentType, body: await registry.metrics() };
}
