import { EVENT_LIMITS, MAX_PARTITIONS } from "@tributary/protocol";
import type { RedisRules, ReplicaWait } from "@tributary/streams";
import { readTelemetryConfig, type TelemetryConfig } from "@tributary/telemetry";
import {
  EnvironmentError,
  areKeysInRedis,
  type ListenConfig,
  listenConfig,
  parseApiKeys,
  parseHostNames,
  parseProxies,
  readEnvironment,
  refuseUnknownVariables,
  redisRulesOf,
  redisRulesSchema,
  text,
  wholeNumber,
  listenSettings,
  partitionSettings,
  SHARED_SETTINGS,
} from "@tributary/service";
import { readTenants, type Tenants } from "@tributary/tenants";
import { z } from "zod";
import type { BacklogBounds } from "./publish/backlog.ts";
import { type AllowedOrigins, parseOrigins } from "./http/cors.ts";
import type { SpoolOptions } from "./spool/spool.ts";

/**
 * The largest limits that a gateway can be configured with. Spooled batches are published under them: they were acknowledged under the
 * limits of an earlier process.
 */
export const SPOOLED_LIMITS = {
  maxEvents: 20_000,
  maxEventBytes: 1 << 20,
  maxFutureMs: 10 * 86_400_000,
} as const;

/** The gateway's environment: name, default, meaning. Read once, here. */
const schema = z.object({
  ...listenSettings(8080),
  ...partitionSettings(MAX_PARTITIONS),
  REDIS_URL: SHARED_SETTINGS.REDIS_URL,
  ...redisRulesSchema,
  TRIBUTARY_TENANTS_FILE: SHARED_SETTINGS.TRIBUTARY_TENANTS_FILE,
  TRIBUTARY_KEYS_REFRESH_MS: SHARED_SETTINGS.TRIBUTARY_KEYS_REFRESH_MS,
  TRIBUTARY_WAIT_REPLICAS: SHARED_SETTINGS.TRIBUTARY_WAIT_REPLICAS,
  TRIBUTARY_WAIT_TIMEOUT_MS: SHARED_SETTINGS.TRIBUTARY_WAIT_TIMEOUT_MS,
  TRIBUTARY_WRITE_KEYS: text("").describe(
    "write keys and their tenants: key=tenant,key2=tenant2; redis for those made by tributary keys alone",
  ),
  TRIBUTARY_KNOWN_HOSTS: SHARED_SETTINGS.TRIBUTARY_KNOWN_HOSTS,
  TRIBUTARY_TRUSTED_PROXIES: SHARED_SETTINGS.TRIBUTARY_TRUSTED_PROXIES,
  TRIBUTARY_CORS_ORIGINS: text("").describe(
    "origins whose pages may send events, separated by commas; * for any; without it any where a key is needed, and this machine's where none is",
  ),
  TRIBUTARY_FLUSH_INTERVAL_MS: wholeNumber(0, 10_000, 8).describe(
    "longest wait of an event for its batch, ms",
  ),
  TRIBUTARY_FLUSH_EVENTS: wholeNumber(1, 32_768, 2048).describe(
    "events of a partition that are sent without waiting any longer",
  ),
  TRIBUTARY_FLUSH_BYTES: wholeNumber(1 << 16, 1 << 28, 8 << 20).describe(
    "bytes of bodies that are sent without waiting any longer",
  ),
  TRIBUTARY_MAX_BODY_BYTES: wholeNumber(1024, 1 << 28, 4 << 20).describe(
    "largest body, packed and unpacked",
  ),
  TRIBUTARY_MAX_EVENTS: wholeNumber(1, SPOOLED_LIMITS.maxEvents, 10_000).describe(
    "most events of a request",
  ),
  TRIBUTARY_MAX_EVENT_BYTES: wholeNumber(256, SPOOLED_LIMITS.maxEventBytes, 32_768).describe(
    "largest event, packed as msgpack",
  ),
  TRIBUTARY_MAX_FUTURE_MS: wholeNumber(0, SPOOLED_LIMITS.maxFutureMs, 86_400_000).describe(
    "how far ahead of the server's clock an event may lie, ms",
  ),
  TRIBUTARY_CLOCK_TOLERANCE_MS: wholeNumber(0, 3_600_000, 60_000).describe(
    "how far ahead of arrival sentAt may be, ms; a clock that is further ahead is corrected, in steps of this",
  ),
  TRIBUTARY_MAX_TRANSIT_MS: wholeNumber(0, 366 * 86_400_000, 3_300_000).describe(
    "how far behind arrival sentAt may be, tries included, ms; a clock that is further behind is corrected",
  ),
  TRIBUTARY_REDIS_WAIT_MS: wholeNumber(0, 60_000, 2000).describe(
    "how long a request waits for Redis, ms",
  ),
  TRIBUTARY_MAX_BUFFERED_BYTES: wholeNumber(1 << 16, 2 ** 31, 64 << 20).describe(
    "bytes that may wait for Redis at once",
  ),
  TRIBUTARY_MAX_BACKLOG_MB: wholeNumber(1, 2 ** 30, 2048).describe(
    "what may wait in Redis for the workers and the warehouse, MiB",
  ),
  TRIBUTARY_MAX_PARTITION_BACKLOG_MB: wholeNumber(1, 2 ** 30, 512).describe(
    "the same of one partition, MiB",
  ),
  TRIBUTARY_SPOOL_DIR: text("").describe(
    "folder of this gateway alone, for what waits for Redis on disk; without it nothing does",
  ),
  TRIBUTARY_SPOOL_MB: wholeNumber(1, 2 ** 20, 256).describe("what may wait there, MiB"),
  TRIBUTARY_SPOOL_EVENTS: text("off")
    .pipe(z.enum(["on", "off"], { error: "expected on or off" }))
    .describe(
      "whether /v1/events and Segment's paths use the spool as well while Redis is unavailable",
    ),
  TRIBUTARY_QUOTA_EVENTS_PER_SECOND: wholeNumber(0, 2 ** 31, 0).describe(
    "events a second of a tenant that has no quota of its own; 0 for no quota",
  ),
});

/** Bytes of a segment. After a crash about as many may be sent twice. */
const SEGMENT_BYTES = 4 << 20;

export interface GatewayConfig extends ListenConfig {
  readonly redisUrl: string;
  readonly redisRules: RedisRules;
  readonly partitions: number;
  /** Tenants by write key; empty where events are taken without one. */
  readonly writeKeys: ReadonlyMap<string, string>;
  /** Whether a request needs a key though none is configured: all are in Redis. */
  readonly keysInRedis: boolean;
  readonly keysRefreshMs: number;
  /** Whose pages may send events. */
  readonly corsOrigins: AllowedOrigins;
  /** Whose pages may send events without a key, beside this machine's and those of the known hosts. */
  readonly openOrigins: AllowedOrigins;
  /** Names under which a gateway that needs no key answers, beside those of this machine. */
  readonly knownHosts: ReadonlySet<string>;
  /** Addresses and networks whose forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly flushIntervalMs: number;
  readonly flushEvents: number;
  readonly flushBytes: number;
  readonly maxBodyBytes: number;
  readonly maxEvents: number;
  readonly maxEventBytes: number;
  readonly maxFutureMs: number;
  readonly clockToleranceMs: number;
  readonly maxTransitMs: number;
  readonly redisWaitMs: number;
  /** Undefined where no replica is waited for. */
  readonly replicaWait: ReplicaWait | undefined;
  readonly maxBufferedBytes: number;
  readonly backlog: BacklogBounds;
  readonly tenants: Tenants;
  /** Undefined where nothing waits on disk. */
  readonly spool: SpoolOptions | undefined;
  readonly spoolEvents: boolean;
  /** 0: no quota. */
  readonly quotaEventsPerSecond: number;
  readonly telemetry: TelemetryConfig;
}

/**
 * Reads the environment.
 * @throws EnvironmentError, TelemetryError: names the variable and what was expected, never a key
 */
export function readConfig(env: Record<string, string | undefined> = process.env): GatewayConfig {
  refuseUnknownVariables(env);
  const values = readEnvironment(schema, env);
  const host = values.TRIBUTARY_HOST;
  return Object.freeze({
    ...listenConfig(values),
    redisUrl: values.REDIS_URL,
    redisRules: redisRulesOf(values),
    partitions: values.TRIBUTARY_PARTITIONS,
    writeKeys: parseApiKeys("TRIBUTARY_WRITE_KEYS", values.TRIBUTARY_WRITE_KEYS, host),
    keysInRedis: areKeysInRedis(values.TRIBUTARY_WRITE_KEYS),
    keysRefreshMs: values.TRIBUTARY_KEYS_REFRESH_MS,
    ...originsOf(values.TRIBUTARY_CORS_ORIGINS),
    knownHosts: parseHostNames("TRIBUTARY_KNOWN_HOSTS", values.TRIBUTARY_KNOWN_HOSTS),
    trustedProxies: parseProxies("TRIBUTARY_TRUSTED_PROXIES", values.TRIBUTARY_TRUSTED_PROXIES),
    flushIntervalMs: values.TRIBUTARY_FLUSH_INTERVAL_MS,
    flushEvents: values.TRIBUTARY_FLUSH_EVENTS,
    flushBytes: values.TRIBUTARY_FLUSH_BYTES,
    maxBodyBytes: values.TRIBUTARY_MAX_BODY_BYTES,
    maxEvents: values.TRIBUTARY_MAX_EVENTS,
    maxEventBytes: Math.max(values.TRIBUTARY_MAX_EVENT_BYTES, EVENT_LIMITS.idBytes),
    maxFutureMs: values.TRIBUTARY_MAX_FUTURE_MS,
    clockToleranceMs: values.TRIBUTARY_CLOCK_TOLERANCE_MS,
    maxTransitMs: values.TRIBUTARY_MAX_TRANSIT_MS,
    redisWaitMs: values.TRIBUTARY_REDIS_WAIT_MS,
    replicaWait:
      values.TRIBUTARY_WAIT_REPLICAS === 0
        ? undefined
        : {
            replicas: values.TRIBUTARY_WAIT_REPLICAS,
            timeoutMs: values.TRIBUTARY_WAIT_TIMEOUT_MS,
          },
    maxBufferedBytes: values.TRIBUTARY_MAX_BUFFERED_BYTES,
    backlog: {
      totalMb: values.TRIBUTARY_MAX_BACKLOG_MB,
      partitionMb: values.TRIBUTARY_MAX_PARTITION_BACKLOG_MB,
    },
    tenants: readTenants("TRIBUTARY_TENANTS_FILE", values.TRIBUTARY_TENANTS_FILE),
    spool:
      values.TRIBUTARY_SPOOL_DIR === ""
        ? undefined
        : {
            dir: values.TRIBUTARY_SPOOL_DIR,
            maxBytes: values.TRIBUTARY_SPOOL_MB * 2 ** 20,
            segmentBytes: SEGMENT_BYTES,
          },
    spoolEvents: spoolsEvents(values.TRIBUTARY_SPOOL_EVENTS, values.TRIBUTARY_SPOOL_DIR),
    quotaEventsPerSecond: values.TRIBUTARY_QUOTA_EVENTS_PER_SECOND,
    telemetry: readTelemetryConfig(env),
  });
}

function originsOf(list: string): Pick<GatewayConfig, "corsOrigins" | "openOrigins"> {
  if (list === "") return { corsOrigins: "any", openOrigins: new Set() };
  const corsOrigins = parseOrigins("TRIBUTARY_CORS_ORIGINS", list);
  return { corsOrigins, openOrigins: corsOrigins };
}

function spoolsEvents(value: "on" | "off", dir: string): boolean {
  if (value === "on" && dir === "") {
    throw new EnvironmentError("TRIBUTARY_SPOOL_EVENTS", "expected a TRIBUTARY_SPOOL_DIR with it");
  }
  return value === "on";
}
