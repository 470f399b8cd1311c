import { readTenants } from "@tributary/tenants";
import { type ImportFilesOptions, importOptions, importSettings } from "./import-settings.ts";
import { DEFAULT_REPORT_SETTINGS, SettingsByTenant } from "./question/settings.ts";
import { MAX_PARTITIONS } from "@tributary/protocol";
import type { RedisRules, ReplicaWait } from "@tributary/streams";
import { readTelemetryConfig, type TelemetryConfig } from "@tributary/telemetry";
import {
  areKeysInRedis,
  isLoopback,
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
import { z } from "zod";

const DAY_MS = 86_400_000;

/** Settings of reports, the same for the service and for a data folder. */
const settingsSchema = z.object({
  TRIBUTARY_CLICK_WINDOW_MS: wholeNumber(
    1,
    400 * DAY_MS,
    DEFAULT_REPORT_SETTINGS.clickWindowMs,
  ).describe("the workers' lookback window of clicks and visits, ms"),
  TRIBUTARY_VIEW_WINDOW_MS: wholeNumber(
    1,
    400 * DAY_MS,
    DEFAULT_REPORT_SETTINGS.viewWindowMs,
  ).describe("the workers' lookback window of impressions, ms"),
  TRIBUTARY_HALF_LIFE_MS: wholeNumber(1, 400 * DAY_MS, DEFAULT_REPORT_SETTINGS.halfLifeMs).describe(
    "the workers' half-life of time_decay, ms",
  ),
  TRIBUTARY_LATENESS_MS: wholeNumber(0, 400 * DAY_MS, DEFAULT_REPORT_SETTINGS.latenessMs).describe(
    "the workers' allowed lateness, ms",
  ),
  TRIBUTARY_MAX_WINDOW_MS: wholeNumber(
    1,
    3650 * DAY_MS,
    DEFAULT_REPORT_SETTINGS.maxWindowMs,
  ).describe("longest window or half-life that a report may be asked for, ms"),
  TRIBUTARY_TENANTS_FILE: SHARED_SETTINGS.TRIBUTARY_TENANTS_FILE,
});

/** The service's environment: name, default, meaning. Read once, here. */
const schema = settingsSchema.extend({
  ...listenSettings(8081),
  ...partitionSettings(MAX_PARTITIONS),
  REDIS_URL: SHARED_SETTINGS.REDIS_URL,
  ...redisRulesSchema,
  TRIBUTARY_KNOWN_HOSTS: SHARED_SETTINGS.TRIBUTARY_KNOWN_HOSTS,
  TRIBUTARY_TRUSTED_PROXIES: SHARED_SETTINGS.TRIBUTARY_TRUSTED_PROXIES,
  TRIBUTARY_KEY_FAILURES: wholeNumber(0, 10_000, 30).describe(
    "different wrong keys of an address within a minute that lock it out for a minute; 0 for no limit",
  ),
  TRIBUTARY_KEYS_REFRESH_MS: SHARED_SETTINGS.TRIBUTARY_KEYS_REFRESH_MS,
  TRIBUTARY_WAIT_REPLICAS: SHARED_SETTINGS.TRIBUTARY_WAIT_REPLICAS,
  TRIBUTARY_WAIT_TIMEOUT_MS: SHARED_SETTINGS.TRIBUTARY_WAIT_TIMEOUT_MS,
  TRIBUTARY_DATA_DIR: text(".tributary").describe("data folder; chDB is in its folder warehouse"),
  CLICKHOUSE_URL: text("").describe(
    "a ClickHouse server instead of chDB: http://user:password@host:8123",
  ),
  TRIBUTARY_READ_KEYS: text("").describe(
    "read keys and their tenants: key=tenant,key2=tenant2; redis for those made by tributary keys alone",
  ),
  TRIBUTARY_ERASE_KEYS: text("").describe(
    "keys that people are erased with, and their tenants; as TRIBUTARY_READ_KEYS",
  ),
  TRIBUTARY_IMPORT_KEYS: text("").describe(
    "keys that spend and rates are imported with, and their tenants; as TRIBUTARY_READ_KEYS",
  ),
  TRIBUTARY_OPERATE_KEYS: text("").describe(
    "keys that see the whole platform's lag, and whose they are; as TRIBUTARY_READ_KEYS",
  ),
  TRIBUTARY_ERASURE_GATHER_MS: wholeNumber(0, 86_400_000, 1000).describe(
    "how long erasures gather before the warehouse's tables are written anew without them, ms",
  ),
  TRIBUTARY_LOAD_INTERVAL_MS: wholeNumber(1, 60_000, 100).describe("wait between loads, ms"),
  TRIBUTARY_LOAD_MAX_ENTRIES: wholeNumber(1, 10_000, 64).describe(
    "most entries of a stream and poll",
  ),
  TRIBUTARY_LOAD_MAX_READ_MB: wholeNumber(1, 1024, 32).describe(
    "about how much of the facts, and of the results, one poll reads, MiB",
  ),
  TRIBUTARY_LOAD_STALL_MS: wholeNumber(100, 3_600_000, 30_000).describe(
    "unhealthy when entries have waited this long without one being loaded, ms",
  ),
  TRIBUTARY_QUERY_TIMEOUT_MS: wholeNumber(10, 3_600_000, 30_000).describe(
    "longest run of a query, ms",
  ),
  TRIBUTARY_MAX_QUESTIONS: wholeNumber(1, 256, 4).describe(
    "reports that may run at a time, of one tenant half of them",
  ),
  TRIBUTARY_MAX_QUESTIONS_WAITING: wholeNumber(0, 10_000, 64).describe(
    "reports that may wait for a place, of one tenant a quarter of them",
  ),
  TRIBUTARY_MAX_EXPORTS: wholeNumber(0, 64, 2).describe("exports that may run at a time"),
  ...importSettings,
  TRIBUTARY_WATCH_INTERVAL_MS: wholeNumber(100, 3_600_000, 10_000).describe(
    "how often the streams are searched for entries that are gone and for consumers of dead processes, ms",
  ),
  TRIBUTARY_DIAGNOSE_INTERVAL_MS: wholeNumber(0, DAY_MS, 60_000).describe(
    "how often the platform is diagnosed, as tributary doctor does, ms; 0 never",
  ),
  TRIBUTARY_CONSUMER_IDLE_MS: wholeNumber(60_000, 30 * DAY_MS, 3_600_000).describe(
    "a consumer without anything in hand that was not seen for this long is removed, ms",
  ),
  TRIBUTARY_SELF_AUDIT_INTERVAL_MS: wholeNumber(0, 30 * DAY_MS, 3_600_000).describe(
    "how often a sample of the results is held against the facts, and the sums of all events against what was accepted, ms; 0 never",
  ),
  TRIBUTARY_SELF_AUDIT_CONVERSIONS: wholeNumber(1, 10_000_000, 1000).describe(
    "about how many conversions of a tenant a self-audit compares",
  ),
  TRIBUTARY_SELF_AUDIT_TENANTS: wholeNumber(1, 100_000, 100).describe(
    "most tenants that a self-audit looks at; of more, others each time",
  ),
  TRIBUTARY_SELF_AUDIT_PAUSE_MS: wholeNumber(0, 600_000, 5000).describe(
    "wait before a self-audit looks again at what may only be under way, ms",
  ),
  TRIBUTARY_CACHED_REPORTS: wholeNumber(0, 100_000, 256).describe(
    "answers kept for who asks the same again while nothing was loaded",
  ),
  TRIBUTARY_CACHED_REPORTS_MB: wholeNumber(0, 65_536, 64).describe(
    "size of all answers kept, MiB of their JSON",
  ),
});

/** How often the service audits itself, and how much of the warehouse. */
export interface SelfAuditOptions {
  /** How often, ms; 0 never. */
  readonly intervalMs: number;
  /** About how many conversions of a tenant are compared. */
  readonly conversions: number;
  /** Most tenants that are looked at each time, chosen at random where there are more. */
  readonly tenants: number;
  /** Between two looks at what may only be under way, ms. */
  readonly pauseMs: number;
}

export interface ReportsConfig extends ListenConfig {
  readonly redisUrl: string;
  readonly redisRules: RedisRules;
  readonly partitions: number;
  readonly dataDir: string;
  /** Undefined where the warehouse is chDB. */
  readonly clickhouseUrl: string | undefined;
  /** Tenants by read key; empty where tenant `default` is read without one. */
  readonly readKeys: ReadonlyMap<string, string>;
  /** Whether a request needs a key though none is configured: Redis has all keys. */
  readonly keysInRedis: boolean;
  /** Names under which a service that needs no key answers, beside those of this machine. */
  readonly knownHosts: ReadonlySet<string>;
  /** Tenants by erase key. */
  readonly eraseKeys: ReadonlyMap<string, string>;
  /** Whether people of tenant `default` may be erased without a key while there is none: on a loopback address, without read keys. */
  readonly isEraseOpen: boolean;
  /** Tenants by import key. */
  readonly importKeys: ReadonlyMap<string, string>;
  /** Whether rows of tenant `default` may be imported without a key, likewise. */
  readonly isImportOpen: boolean;
  /** Names by operate key: their bearers see the whole platform. */
  readonly operateKeys: ReadonlyMap<string, string>;
  /** Wrong keys of an address that lock it out; 0 for no limit. */
  readonly keyFailures: number;
  /** Addresses and networks whose forwarded headers are believed. */
  readonly trustedProxies: readonly string[];
  readonly erasureGatherMs: number;
  /** Undefined asks the partition's node alone. */
  readonly replicaWait: ReplicaWait | undefined;
  readonly keysRefreshMs: number;
  readonly loadIntervalMs: number;
  readonly loadMaxEntries: number;
  readonly loadMaxReadBytes: number;
  readonly loadStallMs: number;
  readonly queryTimeoutMs: number;
  readonly maxQuestions: number;
  readonly maxQuestionsWaiting: number;
  readonly maxExports: number;
  readonly imports: ImportFilesOptions;
  readonly watchIntervalMs: number;
  readonly consumerIdleMs: number;
  /** How often the platform is diagnosed, ms; 0 never. */
  readonly diagnoseIntervalMs: number;
  readonly selfAudit: SelfAuditOptions;
  readonly cachedReports: number;
  readonly cachedReportsMb: number;
  readonly settings: SettingsByTenant;
  readonly telemetry: TelemetryConfig;
}

/**
 * Reads the environment.
 * @throws EnvironmentError, TelemetryError `config_invalid`: names the variable and what was expected,
 *   never a key
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): ReportsConfig {
  refuseUnknownVariables(env);
  const values = readEnvironment(schema, env);
  const host = values.TRIBUTARY_HOST;
  const readKeys = parseApiKeys("TRIBUTARY_READ_KEYS", values.TRIBUTARY_READ_KEYS, host);
  const keysInRedis = areKeysInRedis(values.TRIBUTARY_READ_KEYS);
  const isReadOpen = isLoopback(host) && readKeys.size === 0 && !keysInRedis;
  return Object.freeze({
    redisUrl: values.REDIS_URL,
    redisRules: redisRulesOf(values),
    ...listenConfig(values),
    partitions: values.TRIBUTARY_PARTITIONS,
    dataDir: values.TRIBUTARY_DATA_DIR,
    clickhouseUrl: values.CLICKHOUSE_URL === "" ? undefined : values.CLICKHOUSE_URL,
    readKeys,
    keysInRedis,
    knownHosts: parseHostNames("TRIBUTARY_KNOWN_HOSTS", values.TRIBUTARY_KNOWN_HOSTS),
    eraseKeys: parseApiKeys("TRIBUTARY_ERASE_KEYS", values.TRIBUTARY_ERASE_KEYS, undefined),
    isEraseOpen: isReadOpen && !areKeysInRedis(values.TRIBUTARY_ERASE_KEYS),
    importKeys: parseApiKeys("TRIBUTARY_IMPORT_KEYS", values.TRIBUTARY_IMPORT_KEYS, undefined),
    isImportOpen: isReadOpen && !areKeysInRedis(values.TRIBUTARY_IMPORT_KEYS),
    operateKeys: parseApiKeys("TRIBUTARY_OPERATE_KEYS", values.TRIBUTARY_OPERATE_KEYS, undefined),
    keyFailures: values.TRIBUTARY_KEY_FAILURES,
    trustedProxies: parseProxies("TRIBUTARY_TRUSTED_PROXIES", values.TRIBUTARY_TRUSTED_PROXIES),
    erasureGatherMs: values.TRIBUTARY_ERASURE_GATHER_MS,
    replicaWait:
      values.TRIBUTARY_WAIT_REPLICAS === 0
        ? undefined
        : {
            replicas: values.TRIBUTARY_WAIT_REPLICAS,
            timeoutMs: values.TRIBUTARY_WAIT_TIMEOUT_MS,
          },
    keysRefreshMs: values.TRIBUTARY_KEYS_REFRESH_MS,
    loadIntervalMs: values.TRIBUTARY_LOAD_INTERVAL_MS,
    loadMaxEntries: values.TRIBUTARY_LOAD_MAX_ENTRIES,
    loadMaxReadBytes: values.TRIBUTARY_LOAD_MAX_READ_MB * 2 ** 20,
    loadStallMs: values.TRIBUTARY_LOAD_STALL_MS,
    queryTimeoutMs: values.TRIBUTARY_QUERY_TIMEOUT_MS,
    maxQuestions: values.TRIBUTARY_MAX_QUESTIONS,
    maxQuestionsWaiting: values.TRIBUTARY_MAX_QUESTIONS_WAITING,
    maxExports: values.TRIBUTARY_MAX_EXPORTS,
    imports: importOptions(values),
    watchIntervalMs: values.TRIBUTARY_WATCH_INTERVAL_MS,
    consumerIdleMs: values.TRIBUTARY_CONSUMER_IDLE_MS,
    diagnoseIntervalMs: values.TRIBUTARY_DIAGNOSE_INTERVAL_MS,
    selfAudit: {
      intervalMs: values.TRIBUTARY_SELF_AUDIT_INTERVAL_MS,
      conversions: values.TRIBUTARY_SELF_AUDIT_CONVERSIONS,
      tenants: values.TRIBUTARY_SELF_AUDIT_TENANTS,
      pauseMs: values.TRIBUTARY_SELF_AUDIT_PAUSE_MS,
    },
    cachedReports: values.TRIBUTARY_CACHED_REPORTS,
    cachedReportsMb: values.TRIBUTARY_CACHED_REPORTS_MB,
    settings: settingsOf(values),
    telemetry: readTelemetryConfig(env),
  });
}

/**
 * Reads the settings of reports for a data folder.
 * @throws EnvironmentError
 */
export function readReportSettings(
  env: Readonly<Record<string, string | undefined>> = process.env,
): SettingsByTenant {
  return settingsOf(readEnvironment(settingsSchema, env));
}

function settingsOf(values: z.infer<typeof settingsSchema>): SettingsByTenant {
  const everybody = {
    clickWindowMs: values.TRIBUTARY_CLICK_WINDOW_MS,
    viewWindowMs: values.TRIBUTARY_VIEW_WINDOW_MS,
    sessionGapMs: DEFAULT_REPORT_SETTINGS.sessionGapMs,
    halfLifeMs: values.TRIBUTARY_HALF_LIFE_MS,
    latenessMs: values.TRIBUTARY_LATENESS_MS,
    maxWindowMs: values.TRIBUTARY_MAX_WINDOW_MS,
    timeZone: DEFAULT_REPORT_SETTINGS.timeZone,
    reusedOrderIds: DEFAULT_REPORT_SETTINGS.reusedOrderIds,
    directChannels: DEFAULT_REPORT_SETTINGS.directChannels,
  };
  return new SettingsByTenant(
    everybody,
    readTenants("TRIBUTARY_TENANTS_FILE", values.TRIBUTARY_TENANTS_FILE),
  );
}
