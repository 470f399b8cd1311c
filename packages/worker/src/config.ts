import { availableParallelism, hostname, totalmem } from "node:os";
import {
  DEFAULT_JOURNEY_OPTIONS as DEFAULTS,
  DEFAULT_VOCABULARY_BYTES,
  type JourneyOptions,
  type TenantJourneyOptions,
  MAX_FACTS_OF_USER,
  mostFactsOfUser,
  MAX_USERS,
  validateModelOptions,
} from "@tributary/attribution";
import { MAX_ENTRY_EVENTS, MAX_PARTITIONS } from "@tributary/protocol";
import { channelSettingsOf, readTenants, type Tenants } from "@tributary/tenants";
import type { RedisRules, ReplicaWait } from "@tributary/streams";
import { readTelemetryConfig, type TelemetryConfig } from "@tributary/telemetry";
import {
  EnvironmentError,
  readEnvironment,
  refuseUnknownVariables,
  text,
  wholeNumber,
  type ListenConfig,
  listenConfig,
  listenSettings,
  partitionSettings,
  SHARED_SETTINGS,
  redisRulesOf,
  redisRulesSchema,
} from "@tributary/service";
import { z } from "zod";

const DAY_MS = 86_400_000;

/** However long facts are kept otherwise: whoever asks for an erasure is not to wait for it. */
const MAX_ERASED_AFTER_MS = 3_600_000;

const TENANTS_FILE = "TRIBUTARY_TENANTS_FILE";

/** What the container (cgroup) or else the machine allows, less a fifth for all that is not foreseen, MiB. */
export function defaultMemoryLimitMb(): number {
  const bytes = Math.min(process.constrainedMemory() || Infinity, totalmem());
  return Math.max(1, Math.floor((bytes * 0.8) / 2 ** 20));
}

/** The worker's environment: name, default, meaning. Read once, here. */
const schema = z.object({
  ...listenSettings(8090, "health and metrics"),
  ...partitionSettings(MAX_PARTITIONS),
  REDIS_URL: SHARED_SETTINGS.REDIS_URL,
  ...redisRulesSchema,
  TRIBUTARY_TENANTS_FILE: SHARED_SETTINGS.TRIBUTARY_TENANTS_FILE,
  TRIBUTARY_WAIT_REPLICAS: SHARED_SETTINGS.TRIBUTARY_WAIT_REPLICAS,
  TRIBUTARY_WAIT_TIMEOUT_MS: SHARED_SETTINGS.TRIBUTARY_WAIT_TIMEOUT_MS,
  TRIBUTARY_WORKER_ID: text(`${hostname()}-${process.pid}`).describe(
    "name of this worker in leases; unique among them",
  ),
  TRIBUTARY_THREADS: wholeNumber(1, 64, Math.max(1, availableParallelism() - 1)).describe(
    "compute threads",
  ),
  TRIBUTARY_THREAD_HEAP_MB: wholeNumber(64, 65_536, 2048).describe(
    "JavaScript heap of a compute thread, MiB",
  ),
  TRIBUTARY_VOCABULARY_MB: wholeNumber(
    1,
    65_536,
    2 * (DEFAULT_VOCABULARY_BYTES / 2 ** 20),
  ).describe(
    "strings of events that a compute thread holds, MiB; results show (other) for further values",
  ),
  TRIBUTARY_MEMORY_LIMIT_MB: wholeNumber(1, 2 ** 30, defaultMemoryLimitMb()).describe(
    "resident memory at which nothing more is read or taken, MiB; 80 % of what the process may have",
  ),
  TRIBUTARY_LEASE_MS: wholeNumber(500, 60_000, 2500).describe(
    "time after which a silent worker's partitions are another's, ms",
  ),
  TRIBUTARY_HEARTBEAT_MS: wholeNumber(50, 20_000, 500).describe("how often leases are renewed, ms"),
  TRIBUTARY_MAX_BATCH_EVENTS: wholeNumber(1, 65_535, 32_768).describe("most events of a batch"),
  TRIBUTARY_MAX_READ_MB: wholeNumber(1, 1024, 32).describe(
    "about how much of a partition's events is read at once, MiB",
  ),
  TRIBUTARY_REBUILD_PAGE_KB: wholeNumber(1, 65_536, 2048).describe(
    "about how much of the fact log is read at once while a partition is rebuilt, KiB",
  ),
  TRIBUTARY_MAX_COMMIT_MB: wholeNumber(1, 512, 64).describe(
    "largest commit of a batch of several entries, MiB; a batch with a larger one is split",
  ),
  TRIBUTARY_CLICK_WINDOW_MS: wholeNumber(1, 400 * DAY_MS, DEFAULTS.clickWindowMs).describe(
    "lookback window of clicks and visits, ms",
  ),
  TRIBUTARY_VIEW_WINDOW_MS: wholeNumber(1, 400 * DAY_MS, DEFAULTS.viewWindowMs).describe(
    "lookback window of impressions, ms",
  ),
  TRIBUTARY_HALF_LIFE_MS: wholeNumber(1, 400 * DAY_MS, 7 * DAY_MS).describe(
    "half-life of time_decay, ms",
  ),
  TRIBUTARY_LATENESS_MS: wholeNumber(0, 400 * DAY_MS, DAY_MS).describe(
    "how much older than its tenant's watermark a conversion may be and still get exact results, ms",
  ),
  TRIBUTARY_FACTS_KEPT_MS: wholeNumber(0, 400 * DAY_MS, 3_600_000).describe(
    "time that every fact stays in the log, however old its event, ms; of a person who was erased an hour at most",
  ),
  TRIBUTARY_MAX_RESULT_MB: wholeNumber(1, 256, DEFAULTS.maxResultBytes / 2 ** 20).describe(
    "results after which a batch takes no further entry, MiB, about",
  ),
  TRIBUTARY_MAX_FACTS_PER_USER: wholeNumber(
    1,
    MAX_FACTS_OF_USER,
    DEFAULTS.maxFactsPerUser,
  ).describe(
    "touchpoints with a source kept of one user, as many custom events and identifies, half as many direct visits",
  ),
  TRIBUTARY_MAX_CONVERSIONS_PER_USER: wholeNumber(
    1,
    MAX_FACTS_OF_USER,
    DEFAULTS.maxConversionsPerUser,
  ).describe("conversions and refunds kept of one user"),
  TRIBUTARY_MAX_FACTS: wholeNumber(1, 2 ** 30, DEFAULTS.maxFacts).describe(
    "facts kept in a partition",
  ),
  TRIBUTARY_MAX_USERS: wholeNumber(1, MAX_USERS, DEFAULTS.maxUsers).describe(
    "users kept in a partition",
  ),
  TRIBUTARY_MAX_ANONYMOUS_IDS: wholeNumber(0, 1000, DEFAULTS.identity.maxAnonymousIds).describe(
    "anonymous IDs of a user, the first ones by event time; 0 links none",
  ),
  TRIBUTARY_UNLINKED_IDS: z
    .string()
    .max(4096)
    .default(DEFAULTS.identity.unlinkedIds.join(","))
    .describe("values of a user ID or anonymous ID that are never linked, separated by commas"),
  TRIBUTARY_MAX_OUTBOX_ENTRIES: wholeNumber(1, 10_000_000, 10_000).describe(
    "messages of a partition to others that may wait; while more do, nothing is read",
  ),
  TRIBUTARY_SUSPECT_DELIVERIES: wholeNumber(2, 1000, 3).describe(
    "an entry delivered so often without a commit is tried alone from then on",
  ),
  TRIBUTARY_MAX_WORKERS_ENDED: wholeNumber(1, 1000, 3).describe(
    "workers that an entry may end while it is tried alone, before it becomes a dead letter",
  ),
  TRIBUTARY_STALL_MS: wholeNumber(100, 3_600_000, 15_000).describe(
    "unhealthy when a partition has entries and got nowhere for this long, ms",
  ),
  TRIBUTARY_SLOW_BATCH_MS: wholeNumber(1, 600_000, 1000).describe(
    "a batch that takes longer is always traced, ms",
  ),
});

export interface WorkerConfig extends ListenConfig {
  readonly redisUrl: string;
  readonly redisRules: RedisRules;
  readonly partitions: number;
  readonly workerId: string;
  readonly threads: number;
  readonly threadHeapMb: number;
  readonly memoryLimitMb: number;
  readonly vocabularyMb: number;
  readonly leaseMs: number;
  readonly heartbeatMs: number;
  readonly maxBatchEvents: number;
  readonly maxReadBytes: number;
  readonly restorePageBytes: number;
  readonly maxCommitBytes: number;
  readonly journeys: JourneyOptions;
  /** A fact this much older than its tenant's watermark can no longer matter to a new event, ms. */
  readonly horizonMs: number;
  readonly factsKeptMs: number;
  /** As of ConsumerOptions. */
  readonly erasedAfterMs: number;
  readonly maxOutboxEntries: number;
  readonly replicaWait: ReplicaWait | undefined;
  readonly suspectDeliveries: number;
  readonly maxOwnersEnded: number;
  readonly stallMs: number;
  readonly slowBatchMs: number;
  /** First digits of the tenants' file's hash; "" without one. */
  readonly tenantsDigest: string;
  readonly telemetry: TelemetryConfig;
}

/** Reads the environment. @throws Error that names the variable and what was expected */
export function readConfig(env: Record<string, string | undefined> = process.env): WorkerConfig {
  refuseUnknownVariables(env);
  const values = readEnvironment(schema, env);
  checkTogether(values);
  const clickWindowMs = values.TRIBUTARY_CLICK_WINDOW_MS;
  const viewWindowMs = values.TRIBUTARY_VIEW_WINDOW_MS;
  const tenants = readTenants(TENANTS_FILE, values.TRIBUTARY_TENANTS_FILE);
  return Object.freeze({
    ...listenConfig(values),
    redisUrl: values.REDIS_URL,
    redisRules: redisRulesOf(values),
    partitions: values.TRIBUTARY_PARTITIONS,
    workerId: values.TRIBUTARY_WORKER_ID,
    threads: values.TRIBUTARY_THREADS,
    threadHeapMb: values.TRIBUTARY_THREAD_HEAP_MB,
    memoryLimitMb: values.TRIBUTARY_MEMORY_LIMIT_MB,
    vocabularyMb: values.TRIBUTARY_VOCABULARY_MB,
    leaseMs: values.TRIBUTARY_LEASE_MS,
    heartbeatMs: values.TRIBUTARY_HEARTBEAT_MS,
    maxBatchEvents: values.TRIBUTARY_MAX_BATCH_EVENTS,
    maxReadBytes: values.TRIBUTARY_MAX_READ_MB * 2 ** 20,
    restorePageBytes: values.TRIBUTARY_REBUILD_PAGE_KB * 2 ** 10,
    maxCommitBytes: values.TRIBUTARY_MAX_COMMIT_MB * 2 ** 20,
    journeys: {
      clickWindowMs,
      sessionGapMs: DEFAULTS.sessionGapMs,
      viewWindowMs,
      latenessMs: values.TRIBUTARY_LATENESS_MS,
      maxFactsPerUser: values.TRIBUTARY_MAX_FACTS_PER_USER,
      maxConversionsPerUser: values.TRIBUTARY_MAX_CONVERSIONS_PER_USER,
      maxFacts: values.TRIBUTARY_MAX_FACTS,
      maxUsers: values.TRIBUTARY_MAX_USERS,
      maxResultBytes: values.TRIBUTARY_MAX_RESULT_MB * 2 ** 20,
      models: validateModelOptions({ timeDecay: { halfLifeMs: values.TRIBUTARY_HALF_LIFE_MS } }),
      identity: {
        maxAnonymousIds: values.TRIBUTARY_MAX_ANONYMOUS_IDS,
        unlinkedIds: values.TRIBUTARY_UNLINKED_IDS.split(","),
      },
      tenants: journeyOptionsOf(tenants, Math.max(clickWindowMs, viewWindowMs)),
    },
    horizonMs: Math.max(clickWindowMs, viewWindowMs) + values.TRIBUTARY_LATENESS_MS,
    factsKeptMs: values.TRIBUTARY_FACTS_KEPT_MS,
    erasedAfterMs: Math.min(values.TRIBUTARY_FACTS_KEPT_MS, MAX_ERASED_AFTER_MS),
    replicaWait:
      values.TRIBUTARY_WAIT_REPLICAS === 0
        ? undefined
        : {
            replicas: values.TRIBUTARY_WAIT_REPLICAS,
            timeoutMs: values.TRIBUTARY_WAIT_TIMEOUT_MS,
          },
    maxOutboxEntries: values.TRIBUTARY_MAX_OUTBOX_ENTRIES,
    suspectDeliveries: values.TRIBUTARY_SUSPECT_DELIVERIES,
    maxOwnersEnded: values.TRIBUTARY_MAX_WORKERS_ENDED,
    stallMs: values.TRIBUTARY_STALL_MS,
    slowBatchMs: values.TRIBUTARY_SLOW_BATCH_MS,
    tenantsDigest: tenants.digest,
    telemetry: readTelemetryConfig(env),
  });
}

/** Checks values that depend on each other. @throws EnvironmentError */
function checkTogether(values: z.output<typeof schema>): void {
  if (values.TRIBUTARY_HEARTBEAT_MS * 3 > values.TRIBUTARY_LEASE_MS) {
    throw new EnvironmentError(
      "TRIBUTARY_HEARTBEAT_MS",
      "expected at most a third of TRIBUTARY_LEASE_MS",
    );
  }
  const { facts, touchpoints } = mostFactsOfUser({
    maxFactsPerUser: values.TRIBUTARY_MAX_FACTS_PER_USER,
    maxConversionsPerUser: values.TRIBUTARY_MAX_CONVERSIONS_PER_USER,
  });
  const touchpointsOfJourney = touchpoints * (1 + values.TRIBUTARY_MAX_ANONYMOUS_IDS);
  if (touchpointsOfJourney > MAX_ENTRY_EVENTS) {
    throw new EnvironmentError(
      "TRIBUTARY_MAX_FACTS_PER_USER",
      `expected at most ${MAX_ENTRY_EVENTS} touchpoints of a journey: of a user and each of TRIBUTARY_MAX_ANONYMOUS_IDS, got ${touchpointsOfJourney}`,
    );
  }
  if (facts > MAX_FACTS_OF_USER) {
    throw new EnvironmentError(
      "TRIBUTARY_MAX_CONVERSIONS_PER_USER",
      `expected at most ${MAX_FACTS_OF_USER} facts of a user: 3.5 times TRIBUTARY_MAX_FACTS_PER_USER and this, got ${facts}`,
    );
  }
}

/**
 * What journeys need of the tenants' settings.
 * @param longestMs of everybody's windows: for so long facts are held
 * @throws EnvironmentError where a tenant's window is longer
 */
function journeyOptionsOf(
  { byName }: Tenants,
  longestMs: number,
): ReadonlyMap<string, TenantJourneyOptions> {
  const options = [...byName].map(([name, settings]) => {
    const { windows, reusedOrderIds, arrivals } = settings;
    for (const field of ["click", "view"] as const) {
      if ((windows?.[field] ?? 0) > longestMs) {
        throw new EnvironmentError(
          TENANTS_FILE,
          `tenants.${name}.windows.${field}: expected at most the longer of TRIBUTARY_CLICK_WINDOW_MS and TRIBUTARY_VIEW_WINDOW_MS, ${longestMs} ms`,
        );
      }
    }
    const { click: clickWindowMs, view: viewWindowMs } = windows ?? {};
    const channels = channelSettingsOf(settings);
    const own = { clickWindowMs, viewWindowMs, sessionGapMs: arrivals, channels, reusedOrderIds };
    return [name, own] as const;
  });
  return new Map(options);
}
