/**
 * Every metric of the platform: the one list that services, dashboards and alerts go by.
 *
 * A label is given either by its values, or by a number: how many distinct values it may take in
 * one process before further ones are counted under `other`. So no label of ours can grow without
 * bound. Names follow https://prometheus.io/docs/practices/naming/: base units, the unit last,
 * `_total` for counters.
 */
export interface MetricDefinition {
  readonly type: "counter" | "gauge" | "histogram";
  /** What one is: a base unit or a plural noun. `flag` is 0 or 1; `info` is always 1. */
  readonly unit: string;
  readonly help: string;
  readonly labels: Readonly<Record<string, number | readonly string[]>>;
  /** Upper bounds of a histogram, in its unit. */
  readonly buckets?: readonly number[];
}

/** From a flush on loopback to the bound on a request. */
const REQUEST_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];
/** Batches of work on one partition. */
const BATCH_SECONDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];
/** Reading a partition's log once: 5 million facts a second are the goal. */
const REBUILD_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Requests over the internet, up to the longest timeout. */
const WEBHOOK_SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const BATCH_EVENTS = [1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 25_000];

export const METRICS = {
  tributary_build_info: {
    type: "gauge",
    unit: "info",
    help: "Always 1; its labels say what runs.",
    labels: { service: 4, version: 4, node: 4 },
  },

  tributary_http_requests_total: {
    type: "counter",
    unit: "requests",
    help: "HTTP requests answered, by route pattern and status code.",
    labels: { route: 48, status: 32 },
  },
  tributary_http_request_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time from a request's first byte to its answer, by route pattern.",
    labels: { route: 48 },
    buckets: REQUEST_SECONDS,
  },

  tributary_redis_connections: {
    type: "gauge",
    unit: "connections",
    help: "Connections to Redis that take commands, those that block for new entries left out.",
    labels: {},
  },
  tributary_redis_unfit: {
    type: "gauge",
    unit: "flag",
    help: "Whether Redis' settings are such that accepted events could be lost, by what is wrong: an old version, a replica, keys that are evicted, no append-only file, or settings that it does not tell.",
    labels: { fault: ["version", "replica", "eviction", "append_only", "unknown"] },
  },
  tributary_findings: {
    type: "gauge",
    unit: "findings",
    help: "What the last diagnosis found, by its code, as `tributary doctor` finds it in Redis: a fault keeps events waiting, loses them or would; a warning is nothing yet.",
    labels: { code: 32, severity: ["fault", "warning"] },
  },
  tributary_groups_mended_total: {
    type: "counter",
    unit: "groups",
    help: "Consumer groups of a stream that were lost and made again, or set past entries that nobody had and set back.",
    labels: { group: ["attribution", "warehouse", "webhooks"], fault: ["lost", "set_ahead"] },
  },
  tributary_lost_entries_total: {
    type: "counter",
    unit: "entries",
    help: "Entries that were gone from a stream before the group that needs them was done with them: trimmed or deleted by others, or with all of the stream, of which it is not always known how many those were.",
    labels: { group: ["attribution", "warehouse"], cause: ["trimmed", "stream_deleted"] },
  },
  tributary_self_audit_conversions_total: {
    type: "counter",
    unit: "conversions",
    help: "Conversions whose stored result the self-audit held against their facts.",
    labels: {},
  },
  tributary_self_audit_differences: {
    type: "gauge",
    unit: "differences",
    help: "Conversions of the last self-audit's sample whose stored result differs from the one that their facts give; above 0 something is wrong.",
    labels: {},
  },
  tributary_self_audit_failures_total: {
    type: "counter",
    unit: "failures",
    help: "Self-audits that could not be finished.",
    labels: {},
  },
  tributary_self_audit_finished_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "When the last self-audit was finished, since 1970.",
    labels: {},
  },
  tributary_conservation_residue_events: {
    type: "gauge",
    unit: "events",
    help: "Accepted events that are in no class of the conservation report, or in several, in size, when the last self-audit looked: 0, or something is wrong.",
    labels: {},
  },
  tributary_conservation_residue_currencies: {
    type: "gauge",
    unit: "currencies",
    help: "Tenants' currencies of which accepted money is neither credited nor unattributed nor refunded, when the last self-audit looked: 0, or something is wrong.",
    labels: {},
  },
  tributary_redis_commands: {
    type: "gauge",
    unit: "commands",
    help: "Commands on these connections that Redis has not answered yet.",
    labels: {},
  },
  tributary_events_accepted_total: {
    type: "counter",
    unit: "events",
    help: "Events that Redis or the spool held before they were acknowledged to the sender.",
    labels: {},
  },
  tributary_events_refused_total: {
    type: "counter",
    unit: "events",
    help: "Events refused at the gateway, by the code that the sender was given.",
    labels: { reason: 48 },
  },
  tributary_segment_omitted_fields_total: {
    type: "counter",
    unit: "fields",
    help: "Fields of Segment clients' events that were left out or cut, the event itself being taken.",
    labels: { field: 24 },
  },
  tributary_link_events_total: {
    type: "counter",
    unit: "events",
    help: "Clicks of links and impressions of pixels: kept in the spool, sent to Redis at once, refused for what they hold, or lost.",
    labels: { type: ["click", "impression"], outcome: ["kept", "sent", "refused", "lost"] },
  },
  tributary_stray_links_total: {
    type: "counter",
    unit: "links",
    help: "Clicks of links whose query held parameters of the target, which got them back: the target was not encoded, UTM parameters were appended to the link, or the target would be too long with them, and stayed without.",
    labels: { reason: ["unencoded", "utm_on_link", "too_long"] },
  },
  tributary_bot_events_total: {
    type: "counter",
    unit: "events",
    help: "Events of bots, by their user agent, and what the tenant has done with them: kept as any other, marked with the channel bots, or dropped.",
    labels: { action: ["keep", "mark", "drop"] },
  },
  tributary_spool_batches_total: {
    type: "counter",
    unit: "batches",
    help: "Batches that were put into the spool, that went from there to Redis, and that cannot be published and are kept in files of their own.",
    labels: { outcome: ["kept", "forwarded", "quarantined"] },
  },
  tributary_spool_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "What waits in the spool for Redis.",
    labels: {},
  },
  tributary_spool_oldest_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "For how long the oldest segment of the spool has been waiting for Redis.",
    labels: {},
  },
  tributary_spool_damaged_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "What could not be read back from the spool since the process began, and was lost.",
    labels: {},
  },
  tributary_spool_refused_events_total: {
    type: "counter",
    unit: "events",
    help: "Events that were acknowledged into the spool and could not be published from there; those of quarantined batches among them.",
    labels: {},
  },
  tributary_publish_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time from a flush to the acknowledgement of all its stream entries.",
    labels: {},
    buckets: REQUEST_SECONDS,
  },
  tributary_publish_entries_total: {
    type: "counter",
    unit: "entries",
    help: "Stream entries written by the gateway.",
    labels: {},
  },
  tributary_publish_bytes_total: {
    type: "counter",
    unit: "bytes",
    help: "Bytes of the stream entries written by the gateway.",
    labels: {},
  },
  tributary_publish_failures_total: {
    type: "counter",
    unit: "failures",
    help: "Flushes of which Redis did not acknowledge every entry in time.",
    labels: {},
  },
  tributary_publish_unreplicated_entries_total: {
    type: "counter",
    unit: "entries",
    help: "Stream entries that too few replicas had in time: their requests were answered 503.",
    labels: {},
  },
  tributary_backlog_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Memory of Redis that waits for a consumer group, as the gateway's bounds count it.",
    labels: { group: ["attribution", "warehouse"] },
  },
  tributary_backlog_limit_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Memory of Redis that may wait for the consumer groups together, before senders get 503.",
    labels: {},
  },
  tributary_breaker_open: {
    type: "gauge",
    unit: "flag",
    help: "1 while the gateway answers 503 at once because Redis is unavailable.",
    labels: {},
  },

  tributary_batch_events: {
    type: "histogram",
    unit: "events",
    help: "Events per batch that a worker read from a partition.",
    labels: {},
    buckets: BATCH_EVENTS,
  },
  tributary_batches_total: {
    type: "counter",
    unit: "batches",
    help: "Batches that a worker finished, by how they ended.",
    labels: { outcome: 16 },
  },
  tributary_compute_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time a thread computed on one batch.",
    labels: {},
    buckets: BATCH_SECONDS,
  },
  tributary_commit_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time from sending a batch's commit to its answer.",
    labels: {},
    buckets: BATCH_SECONDS,
  },
  tributary_events_processed_total: {
    type: "counter",
    unit: "events",
    help: "Events whose effects are committed.",
    labels: {},
  },
  tributary_events_duplicate_total: {
    type: "counter",
    unit: "events",
    help: "Events left out because their ID had been seen.",
    labels: {},
  },
  tributary_events_late_total: {
    type: "counter",
    unit: "events",
    help: "Events processed that came later than is allowed for: results that they change may lack touchpoints.",
    labels: {},
  },
  tributary_refunds_unmatched_total: {
    type: "counter",
    unit: "refunds",
    help: "Refunds whose order had no conversion in any partition when its home took them: it comes later, or is too old, or never was.",
    labels: {},
  },
  tributary_duplicate_orders_total: {
    type: "counter",
    unit: "orders",
    help: "Conversions that repeated an order: another one of its ID and name came first, and counts.",
    labels: {},
  },
  tributary_events_dropped_total: {
    type: "counter",
    unit: "events",
    help: "Events dropped by a configured bound, by the bound's name.",
    labels: { bound: 16 },
  },
  tributary_conversions_attributed_total: {
    type: "counter",
    unit: "conversions",
    help: "Results written, by why: a conversion's first one, or the reason of a revision.",
    labels: { reason: 16 },
  },
  tributary_identity_links_total: {
    type: "counter",
    unit: "links",
    help: "Links of anonymous IDs to users, made, or withdrawn because one of an earlier time came later.",
    labels: { outcome: ["made", "withdrawn"] },
  },
  tributary_identity_links_refused_total: {
    type: "counter",
    unit: "links",
    help: "Links that were not made: a value that is never linked, a user's limit, an anonymous ID of another user, no room.",
    labels: { reason: ["blocked", "limit", "other_user", "full"] },
  },
  tributary_identity_facts_forwarded_total: {
    type: "counter",
    unit: "facts",
    help: "Facts of anonymous IDs that were copied to their user's partition.",
    labels: {},
  },
  tributary_erasures_total: {
    type: "counter",
    unit: "erasures",
    help: "Journeys that were forgotten because a person was erased: the user's, and that of each of their anonymous IDs.",
    labels: {},
  },
  tributary_erased_facts_total: {
    type: "counter",
    unit: "facts",
    help: "Facts that went with them, as far as the partitions still held them.",
    labels: {},
  },
  tributary_erasures_waiting: {
    type: "gauge",
    unit: "erasures",
    help: "Commits with erasures in the partitions owned whose fact log still has what they erased.",
    labels: {},
  },
  tributary_oldest_erasure_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "How long ago the first of them was made; 0 where there is none. Far above an hour the warehouse does not load, or a group of somebody's does not acknowledge.",
    labels: {},
  },
  tributary_partitions_owned: {
    type: "gauge",
    unit: "partitions",
    help: "Partitions whose lease this worker holds.",
    labels: {},
  },
  tributary_partitions_refused: {
    type: "gauge",
    unit: "partitions",
    help: "Partitions that are this worker's to take and would not fit into its memory.",
    labels: {},
  },
  tributary_memory_limit_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Resident memory at which the worker reads and takes nothing more.",
    labels: {},
  },
  tributary_memory_resident_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Resident memory of the worker, as it last looked.",
    labels: {},
  },
  tributary_memory_full: {
    type: "gauge",
    unit: "flag",
    help: "1 while the worker reads nothing because its memory limit is reached.",
    labels: {},
  },
  tributary_state_facts: {
    type: "gauge",
    unit: "facts",
    help: "Facts held in memory, over the worker's partitions.",
    labels: {},
  },
  tributary_state_users: {
    type: "gauge",
    unit: "users",
    help: "Users held in memory, over the worker's partitions.",
    labels: {},
  },
  tributary_state_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Tables of facts and users and strings of events in memory, over the worker's partitions.",
    labels: {},
  },
  tributary_vocabulary_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Strings of events in memory, over the worker's compute threads; bounded by TRIBUTARY_VOCABULARY_MB each.",
    labels: {},
  },
  tributary_vocabulary_overflow_values_total: {
    type: "counter",
    unit: "values",
    help: "Values of facts for which results show (other), as the worker's strings were at their bound, by dimension.",
    labels: { dimension: 8 },
  },
  tributary_rebuild_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time to rebuild a partition's memory from its facts.",
    labels: {},
    buckets: REBUILD_SECONDS,
  },
  tributary_rebuild_facts_total: {
    type: "counter",
    unit: "facts",
    help: "Facts read while rebuilding partitions.",
    labels: {},
  },
  tributary_unreadable_fact_blocks_total: {
    type: "counter",
    unit: "blocks",
    help: "Blocks of the fact log that could not be read to their end while rebuilding partitions.",
    labels: {},
  },
  tributary_lost_keys_total: {
    type: "counter",
    unit: "keys",
    help: "Keys of the platform found deleted, with what only they held: FLUSHALL, an eviction, DEL.",
    labels: { what: ["platform", "state", "events", "facts", "results"] },
  },
  tributary_thread_utilization_ratio: {
    type: "gauge",
    unit: "ratio",
    help: "Part of its life in which a computing thread computed, as Piscina has it.",
    labels: { thread: 64 },
  },
  tributary_thread_tasks: {
    type: "gauge",
    unit: "tasks",
    help: "Batches that wait for a computing thread.",
    labels: { thread: 64 },
  },
  tributary_thread_restarts_total: {
    type: "counter",
    unit: "restarts",
    help: "Computing threads replaced after they died.",
    labels: {},
  },
  tributary_dead_letters_total: {
    type: "counter",
    unit: "dead_letters",
    help: "Events and entries put aside because they cannot be processed, by reason.",
    labels: { reason: 32 },
  },

  tributary_load_rows_total: {
    type: "counter",
    unit: "rows",
    help: "Rows loaded into the warehouse, by table.",
    labels: { table: 32 },
  },
  tributary_load_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time from reading a batch of the log to the warehouse's acknowledgement.",
    labels: {},
    buckets: REBUILD_SECONDS,
  },
  tributary_cached_reports_total: {
    type: "counter",
    unit: "reports",
    help: "Attribution reports asked for, by whether the answer was kept from an earlier question.",
    labels: { outcome: ["hit", "miss"] },
  },
  tributary_warehouse_statements: {
    type: "gauge",
    unit: "statements",
    help: "Statements that the warehouse was given and has not ended; chDB runs one at a time.",
    labels: {},
  },
  tributary_load_failures_total: {
    type: "counter",
    unit: "failures",
    help: "Loads that the warehouse refused or did not answer.",
    labels: {},
  },
  tributary_open_erasures: {
    type: "gauge",
    unit: "erasures",
    help: "Erasures that were asked for and are not done in the warehouse.",
    labels: {},
  },
  tributary_erased_events_total: {
    type: "counter",
    unit: "events",
    help: "Events that erasures took out of the warehouse.",
    labels: {},
  },
  tributary_erase_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time in which the rows of some erased keys were taken out of the warehouse's tables.",
    labels: {},
    buckets: REBUILD_SECONDS,
  },
  tributary_erase_failures_total: {
    type: "counter",
    unit: "failures",
    help: "Attempts to erase in the warehouse that failed; each is made again.",
    labels: {},
  },

  tributary_webhook_deliveries_total: {
    type: "counter",
    unit: "deliveries",
    help: "Webhook deliveries that ended: delivered; given up and kept as dead; superseded by a later result of their conversion; dropped, being the oldest of too many dead.",
    labels: { outcome: ["delivered", "dead", "superseded", "dropped"] },
  },
  tributary_webhook_attempts_total: {
    type: "counter",
    unit: "attempts",
    help: "Requests to receivers of webhooks, by how they ended: a 2xx, 410, another 4xx, 5xx or 3xx, no answer in time, no connection.",
    labels: {
      outcome: ["delivered", "gone", "refused", "failed", "redirected", "timeout", "unreachable"],
    },
  },
  tributary_webhook_attempt_seconds: {
    type: "histogram",
    unit: "seconds",
    help: "Time from a webhook request's start to its answer, or to when it was given up.",
    labels: {},
    buckets: WEBHOOK_SECONDS,
  },
  tributary_webhook_waiting_deliveries: {
    type: "gauge",
    unit: "deliveries",
    help: "Webhook deliveries that wait to be sent, or to be sent again, over all tenants.",
    labels: {},
  },
  tributary_webhook_waiting_bytes: {
    type: "gauge",
    unit: "bytes",
    help: "Bodies of these deliveries; TRIBUTARY_WEBHOOK_MAX_WAITING_MB bounds them for each tenant.",
    labels: {},
  },
  tributary_webhook_oldest_waiting_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "For how long the oldest of them has been waiting.",
    labels: {},
  },
  tributary_webhook_dead_deliveries: {
    type: "gauge",
    unit: "deliveries",
    help: "Webhook deliveries that were given up, and neither retried nor discarded.",
    labels: {},
  },
  tributary_webhook_oldest_dead_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Time since the oldest of them was given up.",
    labels: {},
  },
  tributary_webhook_sending: {
    type: "gauge",
    unit: "flag",
    help: "1 in the process that sends webhooks, 0 in one that stands by.",
    labels: {},
  },
  tributary_webhook_intake_failures_total: {
    type: "counter",
    unit: "failures",
    help: "Times that results could not be brought into the queues of webhooks; they come again.",
    labels: {},
  },

  tributary_lag_entries: {
    type: "gauge",
    unit: "entries",
    help: "Entries that a consumer group has not yet acknowledged, over all partitions.",
    labels: { group: 16 },
  },
  tributary_oldest_event_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Age of the oldest entry that a consumer group has not acknowledged.",
    labels: { group: 16 },
  },

  tributary_partition_lag_entries: {
    type: "gauge",
    unit: "entries",
    help: "Entries of a partition that a consumer group has not yet acknowledged; only up to 256 partitions.",
    labels: { group: 2, partition: 256 },
  },
  tributary_partition_oldest_event_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Age of a partition's oldest entry that a group has not acknowledged; only up to 256 partitions.",
    labels: { group: 2, partition: 256 },
  },
  tributary_outbox_entries: {
    type: "gauge",
    unit: "entries",
    help: "Messages of partitions to others that are not relayed yet, over all partitions.",
    labels: {},
  },
  tributary_outbox_oldest_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Age of the oldest of them.",
    labels: {},
  },
  tributary_drain_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Time until the waiting entries are done at the present rate if no more come; +Inf where nothing is done.",
    labels: { group: 16 },
  },
  tributary_kept_dead_letters: {
    type: "gauge",
    unit: "dead_letters",
    help: "Dead letters that were neither replayed nor discarded.",
    labels: {},
  },
  tributary_oldest_dead_letter_age_seconds: {
    type: "gauge",
    unit: "seconds",
    help: "Time since the oldest kept dead letter was dead-lettered.",
    labels: {},
  },
  tributary_books_events: {
    type: "gauge",
    unit: "events",
    help: "Events in the books of all tenants, by account: accepted, and what became of them.",
    labels: { account: 32 },
  },
  tributary_books_residue_events: {
    type: "gauge",
    unit: "events",
    help: "Events whose outcome the books do not say, in size, over tenants and partitions; 0 unless something is wrong.",
    labels: {},
  },

  tributary_spans_total: {
    type: "counter",
    unit: "spans",
    help: "Sampled spans: taken by the collector, given up by an export, or dropped from a full queue.",
    labels: { outcome: ["exported", "failed", "dropped"] },
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
