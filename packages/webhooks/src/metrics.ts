import { createMetrics, type Metrics, type Telemetry } from "@tributary/telemetry";

const NAMES = [
  "tributary_webhook_deliveries_total",
  "tributary_webhook_attempts_total",
  "tributary_webhook_attempt_seconds",
  "tributary_webhook_waiting_deliveries",
  "tributary_webhook_waiting_bytes",
  "tributary_webhook_oldest_waiting_age_seconds",
  "tributary_webhook_dead_deliveries",
  "tributary_webhook_oldest_dead_age_seconds",
  "tributary_webhook_sending",
  "tributary_webhook_intake_failures_total",
  "tributary_dead_letters_total",
  "tributary_groups_mended_total",
  "tributary_lag_entries",
  "tributary_oldest_event_age_seconds",
  "tributary_redis_connections",
  "tributary_redis_commands",
] as const;

/** The service's metrics. */
export type WebhookMetrics = Metrics<(typeof NAMES)[number]>;

export function createWebhookMetrics(telemetry: Telemetry): WebhookMetrics {
  return createMetrics(telemetry.metrics, NAMES);
}
