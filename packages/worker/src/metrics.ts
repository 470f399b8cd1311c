import { createMetrics, type Telemetry } from "@tributary/telemetry";

const METRIC_NAMES = [
  "tributary_batch_events",
  "tributary_batches_total",
  "tributary_compute_seconds",
  "tributary_commit_seconds",
  "tributary_events_processed_total",
  "tributary_events_duplicate_total",
  "tributary_events_late_total",
  "tributary_refunds_unmatched_total",
  "tributary_duplicate_orders_total",
  "tributary_events_dropped_total",
  "tributary_conversions_attributed_total",
  "tributary_identity_links_total",
  "tributary_identity_links_refused_total",
  "tributary_identity_facts_forwarded_total",
  "tributary_erasures_total",
  "tributary_erased_facts_total",
  "tributary_erasures_waiting",
  "tributary_oldest_erasure_age_seconds",
  "tributary_partitions_owned",
  "tributary_partitions_refused",
  "tributary_memory_limit_bytes",
  "tributary_memory_resident_bytes",
  "tributary_memory_full",
  "tributary_state_facts",
  "tributary_state_users",
  "tributary_state_bytes",
  "tributary_vocabulary_bytes",
  "tributary_vocabulary_overflow_values_total",
  "tributary_rebuild_seconds",
  "tributary_rebuild_facts_total",
  "tributary_unreadable_fact_blocks_total",
  "tributary_groups_mended_total",
  "tributary_lost_keys_total",
  "tributary_redis_connections",
  "tributary_redis_commands",
  "tributary_thread_utilization_ratio",
  "tributary_thread_tasks",
  "tributary_thread_restarts_total",
  "tributary_dead_letters_total",
] as const;

/** The worker's metrics, registered. */
export function createWorkerMetrics(telemetry: Telemetry) {
  return createMetrics(telemetry.metrics, METRIC_NAMES);
}

export type WorkerMetrics = ReturnType<typeof createWorkerMetrics>;
