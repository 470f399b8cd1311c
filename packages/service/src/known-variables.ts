/**
 * Every variable of ours. A service is given those of other services and of the command too, and a name that none of them has is a
 * mistake that would otherwise go unnoticed: `TRIBUTARY_WRITEKEYS` starts a gateway without keys. `test/toolchain/variables.test.ts`
 * holds the lists against what the code reads.
 */
import { type Environment, EnvironmentError } from "./environment.ts";

const PREFIX = "TRIBUTARY_";

/** What services and the command read. */
export const SETTING_NAMES = [
  "TRIBUTARY_APPENDFSYNC",
  "TRIBUTARY_CACHED_REPORTS",
  "TRIBUTARY_CACHED_REPORTS_MB",
  "TRIBUTARY_CLICK_WINDOW_MS",
  "TRIBUTARY_CLOCK_TOLERANCE_MS",
  "TRIBUTARY_CONSUMER_IDLE_MS",
  "TRIBUTARY_CORS_ORIGINS",
  "TRIBUTARY_DATA_DIR",
  "TRIBUTARY_DIAGNOSE_INTERVAL_MS",
  "TRIBUTARY_ERASE_KEY",
  "TRIBUTARY_ERASE_KEYS",
  "TRIBUTARY_ERASURE_GATHER_MS",
  "TRIBUTARY_FACTS_KEPT_MS",
  "TRIBUTARY_FLUSH_BYTES",
  "TRIBUTARY_FLUSH_EVENTS",
  "TRIBUTARY_FLUSH_INTERVAL_MS",
  "TRIBUTARY_GATEWAY_URL",
  "TRIBUTARY_HALF_LIFE_MS",
  "TRIBUTARY_HEARTBEAT_MS",
  "TRIBUTARY_HOST",
  "TRIBUTARY_IMPORTS_KEPT_MB",
  "TRIBUTARY_IMPORTS_KEPT_MS",
  "TRIBUTARY_IMPORT_KEY",
  "TRIBUTARY_IMPORT_KEYS",
  "TRIBUTARY_IMPORT_MAX_MB",
  "TRIBUTARY_INSTANCE_ID",
  "TRIBUTARY_JAEGER_UI_URL",
  "TRIBUTARY_KEY",
  "TRIBUTARY_KEYS_REFRESH_MS",
  "TRIBUTARY_KEY_FAILURES",
  "TRIBUTARY_KNOWN_HOSTS",
  "TRIBUTARY_LATENESS_MS",
  "TRIBUTARY_LEASE_MS",
  "TRIBUTARY_LOAD_INTERVAL_MS",
  "TRIBUTARY_LOAD_MAX_ENTRIES",
  "TRIBUTARY_LOAD_MAX_READ_MB",
  "TRIBUTARY_LOAD_STALL_MS",
  "TRIBUTARY_LOG_LEVEL",
  "TRIBUTARY_MAX_ANONYMOUS_IDS",
  "TRIBUTARY_MAX_BACKLOG_MB",
  "TRIBUTARY_MAX_BATCH_EVENTS",
  "TRIBUTARY_MAX_BODY_BYTES",
  "TRIBUTARY_MAX_BUFFERED_BYTES",
  "TRIBUTARY_MAX_COMMIT_MB",
  "TRIBUTARY_MAX_CONVERSIONS_PER_USER",
  "TRIBUTARY_MAX_EVENTS",
  "TRIBUTARY_MAX_EVENT_BYTES",
  "TRIBUTARY_MAX_EXPORTS",
  "TRIBUTARY_MAX_FACTS",
  "TRIBUTARY_MAX_FACTS_PER_USER",
  "TRIBUTARY_MAX_FUTURE_MS",
  "TRIBUTARY_MAX_IMPORTS",
  "TRIBUTARY_MAX_OUTBOX_ENTRIES",
  "TRIBUTARY_MAX_PARTITION_BACKLOG_MB",
  "TRIBUTARY_MAX_QUESTIONS",
  "TRIBUTARY_MAX_QUESTIONS_WAITING",
  "TRIBUTARY_MAX_READ_MB",
  "TRIBUTARY_MAX_RESULT_MB",
  "TRIBUTARY_MAX_TRANSIT_MS",
  "TRIBUTARY_MAX_USERS",
  "TRIBUTARY_MAX_WINDOW_MS",
  "TRIBUTARY_MAX_WORKERS_ENDED",
  "TRIBUTARY_MEMORY_LIMIT_MB",
  "TRIBUTARY_OPERATE_KEY",
  "TRIBUTARY_OPERATE_KEYS",
  "TRIBUTARY_PARTITIONS",
  "TRIBUTARY_PORT",
  "TRIBUTARY_PORT_TRIES",
  "TRIBUTARY_QUERY_TIMEOUT_MS",
  "TRIBUTARY_QUOTA_EVENTS_PER_SECOND",
  "TRIBUTARY_READ_KEY",
  "TRIBUTARY_READ_KEYS",
  "TRIBUTARY_REBUILD_PAGE_KB",
  "TRIBUTARY_REDIS_CHECK_MS",
  "TRIBUTARY_REDIS_DURABLE",
  "TRIBUTARY_REDIS_EVICTION",
  "TRIBUTARY_REDIS_WAIT_MS",
  "TRIBUTARY_SELF_AUDIT_CONVERSIONS",
  "TRIBUTARY_SELF_AUDIT_INTERVAL_MS",
  "TRIBUTARY_SELF_AUDIT_PAUSE_MS",
  "TRIBUTARY_SELF_AUDIT_TENANTS",
  "TRIBUTARY_SLOW_BATCH_MS",
  "TRIBUTARY_SPOOL_DIR",
  "TRIBUTARY_SPOOL_EVENTS",
  "TRIBUTARY_SPOOL_MB",
  "TRIBUTARY_STALL_MS",
  "TRIBUTARY_STOP_WITH_NPM",
  "TRIBUTARY_SUSPECT_DELIVERIES",
  "TRIBUTARY_TENANTS_FILE",
  "TRIBUTARY_THREADS",
  "TRIBUTARY_THREAD_HEAP_MB",
  "TRIBUTARY_TRACES_PER_SECOND",
  "TRIBUTARY_TRUSTED_PROXIES",
  "TRIBUTARY_UNLINKED_IDS",
  "TRIBUTARY_VIEW_WINDOW_MS",
  "TRIBUTARY_VOCABULARY_MB",
  "TRIBUTARY_WAIT_REPLICAS",
  "TRIBUTARY_WAIT_TIMEOUT_MS",
  "TRIBUTARY_WATCH_INTERVAL_MS",
  "TRIBUTARY_WEBHOOKS",
  "TRIBUTARY_WEBHOOK_FIRST_BACKOFF_MS",
  "TRIBUTARY_WEBHOOK_LEASE_MS",
  "TRIBUTARY_WEBHOOK_MAX_ATTEMPTS",
  "TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS",
  "TRIBUTARY_WEBHOOK_MAX_DEAD_MB",
  "TRIBUTARY_WEBHOOK_MAX_IN_FLIGHT",
  "TRIBUTARY_WEBHOOK_MAX_READ_MB",
  "TRIBUTARY_WEBHOOK_MAX_WAITING_MB",
  "TRIBUTARY_WEBHOOK_SECRETS",
  "TRIBUTARY_WEBHOOK_TIMEOUT_MS",
  "TRIBUTARY_WORKER_ID",
  "TRIBUTARY_WRITE_KEYS",
] as const;

/** What scripts, tests and the files under `deploy` read. */
export const SCRIPT_NAMES = [
  "TRIBUTARY_AUTOSCALE_HIGH",
  "TRIBUTARY_AUTOSCALE_LOW",
  "TRIBUTARY_AUTOSCALE_SECONDS",
  "TRIBUTARY_BREACHES",
  "TRIBUTARY_CHAOS_SEED",
  "TRIBUTARY_GATEWAYS",
  "TRIBUTARY_GATEWAYS_COUNT",
  "TRIBUTARY_LINKS_SECONDS",
  "TRIBUTARY_LISTEN",
  "TRIBUTARY_PROPERTY_RUNS",
  "TRIBUTARY_PROPERTY_SEED",
  "TRIBUTARY_PUBLIC_PORT",
  "TRIBUTARY_ROLLING_RATE",
  "TRIBUTARY_STATS",
  "TRIBUTARY_TEST_LIMIT_MS",
  "TRIBUTARY_TWO_PLATFORMS_ROUNDS",
  "TRIBUTARY_VERBOSE",
  "TRIBUTARY_WORKERS_COUNT",
] as const;

const KNOWN: ReadonlySet<string> = new Set<string>([...SETTING_NAMES, ...SCRIPT_NAMES]);

/** What Kubernetes and Docker's links set for a service whose name begins with `tributary-`. */
const SERVICE_LINK =
  /_(?:SERVICE_(?:HOST|PORT(?:_\w+)?)|PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR))?)$/;
const LINK_ADDRESS = /^(?:tcp|udp|sctp):\/\//;
/** Most edits of one character from a name that is still suggested. */
const MAX_DISTANCE = 6;

/**
 * Refuses an environment that has a variable of ours that there is not.
 * @throws EnvironmentError which names it and the nearest name, never the value
 */
export function refuseUnknownVariables(env: Environment): void {
  for (const [name, value = ""] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || KNOWN.has(name)) continue;
    if (SERVICE_LINK.test(name) || LINK_ADDRESS.test(value)) continue;
    const shown = name.slice(0, 64);
    const nearest = nearestTo(shown);
    const suggestion = nearest === undefined ? "" : `; did you mean ${nearest}?`;
    throw new EnvironmentError(shown, `there is no such variable${suggestion}`);
  }
}

function nearestTo(name: string): string | undefined {
  let nearest: string | undefined;
  let least = MAX_DISTANCE + 1;
  for (const known of SETTING_NAMES) {
    const distance = editDistance(name, known);
    if (distance >= least) continue;
    least = distance;
    nearest = known;
  }
  return nearest;
}

/** Levenshtein's distance: insertions, deletions and replacements of a character. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
