import { hostname } from "node:os";
import { MAX_PARTITIONS } from "@tributary/protocol";
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
import type { RedisRules } from "@tributary/streams";
import { readTelemetryConfig, type TelemetryConfig } from "@tributary/telemetry";
import { z } from "zod";
import type { Pacing } from "./sending/back-off.ts";
import type { QueueBounds } from "./queue/delivery-queue.ts";
import { parseTargets, type WebhookTarget } from "./sending/targets.ts";

const MB = 2 ** 20;

/** Where to send to and how: what the service and `tributary webhooks` share. */
const targetsSchema = z.object({
  TRIBUTARY_WEBHOOKS: text("").describe(
    "where each tenant's attributed conversions are sent: tenant=https://host/path pairs separated by spaces",
  ),
  TRIBUTARY_WEBHOOK_SECRETS: text("").describe(
    "what they are signed with: tenant=whsec_… pairs; two of one tenant while a secret is replaced",
  ),
  TRIBUTARY_WEBHOOK_TIMEOUT_MS: wholeNumber(100, 60_000, 10_000).describe(
    "how long a receiver may take to answer, ms",
  ),
  TRIBUTARY_WEBHOOK_MAX_WAITING_MB: wholeNumber(1, 65_536, 256).describe(
    "deliveries of a tenant that may wait in Redis, MiB; more become dead at once",
  ),
  TRIBUTARY_WEBHOOK_MAX_DEAD_MB: wholeNumber(1, 65_536, 64).describe(
    "dead deliveries of a tenant that are kept, MiB; beyond, the oldest are dropped",
  ),
});

/** The service's environment: name, default, meaning. Read once, here. */
const schema = targetsSchema.extend({
  ...listenSettings(8082, "health and metrics"),
  ...partitionSettings(MAX_PARTITIONS),
  REDIS_URL: SHARED_SETTINGS.REDIS_URL,
  ...redisRulesSchema,
  TRIBUTARY_WEBHOOK_MAX_ATTEMPTS: wholeNumber(1, 1000, 72).describe(
    "attempts after which a delivery is dead",
  ),
  TRIBUTARY_WEBHOOK_MAX_IN_FLIGHT: wholeNumber(1, 256, 8).describe(
    "requests to a tenant's receiver at a time",
  ),
  TRIBUTARY_WEBHOOK_FIRST_BACKOFF_MS: wholeNumber(10, 3_600_000, 1000).describe(
    "wait after the first failure, which doubles with each further one, ms",
  ),
  TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS: wholeNumber(10, 86_400_000, 3_600_000).describe(
    "longest wait between two attempts of a delivery, ms",
  ),
  TRIBUTARY_WEBHOOK_MAX_READ_MB: wholeNumber(1, 1024, 16).describe(
    "about how much of the results of all partitions is read at once, MiB",
  ),
  TRIBUTARY_WEBHOOK_LEASE_MS: wholeNumber(500, 60_000, 5000).describe(
    "time after which another process sends in the place of one that is silent, ms",
  ),
  TRIBUTARY_STALL_MS: wholeNumber(100, 3_600_000, 30_000).describe(
    "unhealthy when something was to be done and nothing was for this long, ms",
  ),
});

export interface WebhooksConfig extends ListenConfig {
  readonly redisUrl: string;
  readonly redisRules: RedisRules;
  readonly partitions: number;
  /** Name of this process among those that may send. */
  readonly instance: string;
  /** By tenant; at least one. */
  readonly targets: ReadonlyMap<string, WebhookTarget>;
  readonly timeoutMs: number;
  readonly bounds: QueueBounds;
  readonly maxAttempts: number;
  readonly pacing: Pacing;
  readonly maxReadBytes: number;
  readonly leaseMs: number;
  readonly stallMs: number;
  readonly telemetry: TelemetryConfig;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the environment.
 * @throws EnvironmentError, TelemetryError `config_invalid`: names the variable and what was expected,
 *   never a URL or a secret
 */
export function readConfig(env: Environment = process.env): WebhooksConfig {
  refuseUnknownVariables(env);
  const values = readEnvironment(schema, env);
  const { targets, bounds, timeoutMs } = targetsOf(values);
  if (targets.size === 0) {
    throw new EnvironmentError(
      "TRIBUTARY_WEBHOOKS",
      "expected tenant=https://host/path pairs separated by spaces: without any there is nothing to do",
    );
  }
  const firstBackoffMs = values.TRIBUTARY_WEBHOOK_FIRST_BACKOFF_MS;
  const maxBackoffMs = values.TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS;
  if (maxBackoffMs < firstBackoffMs) {
    throw new EnvironmentError(
      "TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS",
      "expected at least TRIBUTARY_WEBHOOK_FIRST_BACKOFF_MS",
    );
  }
  return Object.freeze({
    redisUrl: values.REDIS_URL,
    redisRules: redisRulesOf(values),
    ...listenConfig(values),
    partitions: values.TRIBUTARY_PARTITIONS,
    instance: `${hostname()}-${process.pid}`,
    targets,
    timeoutMs,
    bounds,
    maxAttempts: values.TRIBUTARY_WEBHOOK_MAX_ATTEMPTS,
    pacing: { maxInFlight: values.TRIBUTARY_WEBHOOK_MAX_IN_FLIGHT, firstBackoffMs, maxBackoffMs },
    maxReadBytes: values.TRIBUTARY_WEBHOOK_MAX_READ_MB * MB,
    leaseMs: values.TRIBUTARY_WEBHOOK_LEASE_MS,
    stallMs: values.TRIBUTARY_STALL_MS,
    telemetry: readTelemetryConfig(env),
  });
}

/** What `tributary webhooks` needs to know of the environment. */
export interface TargetsConfig {
  readonly targets: ReadonlyMap<string, WebhookTarget>;
  readonly bounds: QueueBounds;
  readonly timeoutMs: number;
}

/** Reads the targets alone, for `tributary webhooks`. @throws EnvironmentError as {@link readConfig} */
export function readTargets(env: Environment): TargetsConfig {
  return targetsOf(readEnvironment(targetsSchema, env));
}

function targetsOf(values: z.infer<typeof targetsSchema>): TargetsConfig {
  return {
    targets: parseTargets(values.TRIBUTARY_WEBHOOKS, values.TRIBUTARY_WEBHOOK_SECRETS),
    bounds: {
      waitingBytes: values.TRIBUTARY_WEBHOOK_MAX_WAITING_MB * MB,
      deadBytes: values.TRIBUTARY_WEBHOOK_MAX_DEAD_MB * MB,
    },
    timeoutMs: values.TRIBUTARY_WEBHOOK_TIMEOUT_MS,
  };
}
