import { MAX_PARTITIONS } from "@tributary/protocol";
import { readTelemetryConfig, type TelemetryConfig } from "@tributary/telemetry";
import { z } from "zod";
import { ReportsError } from "./errors.ts";

/** The service's environment: name, default, meaning. Read once, here. */
const schema = z.object({
  REDIS_URL: text("redis://127.0.0.1:6379").describe(
    "Redis, or several nodes of a cluster separated by commas",
  ),
  TRIBUTARY_HOST: text("127.0.0.1").describe("address to listen on"),
  TRIBUTARY_PORT: wholeNumber(0, 65_535, 8081).describe("port to listen on; 0 takes a free one"),
  TRIBUTARY_PARTITIONS: wholeNumber(1, MAX_PARTITIONS, 16).describe(
    "partitions of the platform; the same for every process",
  ),
  TRIBUTARY_DATA_DIR: text(".tributary").describe("data folder; chDB is in its folder warehouse"),
  CLICKHOUSE_URL: text("").describe(
    "a ClickHouse server instead of chDB: http://user:password@host:8123",
  ),
  TRIBUTARY_READ_KEYS: text("").describe("read keys and their tenants: key=tenant,key2=tenant2"),
  TRIBUTARY_LOAD_INTERVAL_MS: wholeNumber(1, 60_000, 100).describe("wait between loads, ms"),
  TRIBUTARY_LOAD_MAX_ENTRIES: wholeNumber(1, 10_000, 64).describe(
    "most entries of a stream and poll",
  ),
  TRIBUTARY_LOAD_STALL_MS: wholeNumber(100, 3_600_000, 30_000).describe(
    "unhealthy when entries have waited this long without one being loaded, ms",
  ),
  TRIBUTARY_QUERY_TIMEOUT_MS: wholeNumber(10, 3_600_000, 30_000).describe(
    "longest run of a query, ms",
  ),
});

/** Empty means unset. */
function text(otherwise: string) {
  return z
    .string()
    .optional()
    .transform((value) => (value === undefined || value.trim() === "" ? otherwise : value.trim()));
}

function wholeNumber(least: number, most: number, otherwise: number) {
  const expected = `expected a whole number from ${least} to ${most}`;
  return text(String(otherwise)).transform((value, context) => {
    const number = Number(value);
    if (Number.isInteger(number) && number >= least && number <= most) return number;
    context.issues.push({
      code: "custom",
      input: value,
      message: `${expected}, got "${value.slice(0, 64)}"`,
    });
    return z.NEVER;
  });
}

export interface ReportsConfig {
  readonly redisUrl: string;
  readonly host: string;
  readonly port: number;
  readonly partitions: number;
  readonly dataDir: string;
  /** Undefined where the warehouse is chDB. */
  readonly clickhouseUrl: string | undefined;
  /** Tenants by read key; empty where tenant `default` is read without one. */
  readonly readKeys: ReadonlyMap<string, string>;
  readonly loadIntervalMs: number;
  readonly loadMaxEntries: number;
  readonly loadStallMs: number;
  readonly queryTimeoutMs: number;
  readonly telemetry: TelemetryConfig;
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "localhost"]);
const TENANT = /^[a-z0-9][a-z0-9_-]{0,63}$/i;

/**
 * Reads the environment.
 * @throws ReportsError `config_invalid`, TelemetryError `config_invalid`: names the variable and what was expected,
 *   never a key
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>> = process.env,
): ReportsConfig {
  const result = schema.safeParse(env);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw invalid(String(issue?.path[0] ?? "environment"), issue?.message ?? "not usable");
  }
  const values = result.data;
  const readKeys = parseKeys(values.TRIBUTARY_READ_KEYS);
  if (readKeys.size === 0 && !LOOPBACK.has(values.TRIBUTARY_HOST)) {
    throw invalid(
      "TRIBUTARY_READ_KEYS",
      "expected key=tenant pairs, because TRIBUTARY_HOST is not a loopback address",
    );
  }
  return Object.freeze({
    redisUrl: values.REDIS_URL,
    host: values.TRIBUTARY_HOST,
    port: values.TRIBUTARY_PORT,
    partitions: values.TRIBUTARY_PARTITIONS,
    dataDir: values.TRIBUTARY_DATA_DIR,
    clickhouseUrl: values.CLICKHOUSE_URL === "" ? undefined : values.CLICKHOUSE_URL,
    readKeys,
    loadIntervalMs: values.TRIBUTARY_LOAD_INTERVAL_MS,
    loadMaxEntries: values.TRIBUTARY_LOAD_MAX_ENTRIES,
    loadStallMs: values.TRIBUTARY_LOAD_STALL_MS,
    queryTimeoutMs: values.TRIBUTARY_QUERY_TIMEOUT_MS,
    telemetry: readTelemetryConfig(env),
  });
}

function parseKeys(pairs: string): Map<string, string> {
  const keys = new Map<string, string>();
  for (const pair of pairs.split(",")) {
    if (pair.trim() === "") continue;
    // A key may hold any character but a comma; the tenant is what follows the last equals sign.
    const at = pair.lastIndexOf("=");
    const key = pair.slice(0, Math.max(at, 0)).trim();
    const tenant = pair.slice(at + 1).trim();
    if (key === "" || !TENANT.test(tenant)) {
      throw invalid(
        "TRIBUTARY_READ_KEYS",
        "expected key=tenant pairs separated by commas, a tenant of letters, digits, - and _",
      );
    }
    keys.set(key, tenant);
  }
  return keys;
}

function invalid(name: string, message: string): ReportsError {
  return new ReportsError("config_invalid", `${name}: ${message}`, { field: name });
}
