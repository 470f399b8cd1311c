import { Buffer } from "node:buffer";
import type { DiagLogLevelName } from "./diagnostics.ts";
import { DIAG_LOG_LEVELS } from "./diagnostics.ts";
import {
  decodePercent,
  invalidSecret,
  invalidVariable,
  readChoice,
  readHttpUrl,
  readNumber,
  readPairs,
  readText,
} from "./env.ts";
import type { Env } from "./env.ts";

/** Where finished spans go. */
export type TraceTarget =
  | { readonly exporter: "none" }
  | {
      readonly exporter: "jaeger-http";
      readonly endpoint: string;
      readonly username?: string;
      readonly password?: string;
    }
  | { readonly exporter: "jaeger-udp"; readonly host: string; readonly port: number }
  | {
      readonly exporter: "otlp";
      readonly endpoint: string;
      readonly headers: Readonly<Record<string, string>>;
    };

/** The samplers of the OpenTelemetry specification that OTEL_TRACES_SAMPLER may name. */
export const STANDARD_SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** Which traces are kept. `rate_limited` is the default, see sampler.ts. */
export type SamplerConfig =
  | { readonly name: "rate_limited"; readonly tracesPerSecond: number }
  | { readonly name: (typeof STANDARD_SAMPLERS)[number]; readonly ratio: number };

/** Bounds of the queue between the pipeline and the exporter, in spans and milliseconds. */
export interface SpanQueueConfig {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMs: number;
  readonly exportTimeoutMs: number;
}

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];

/** What {@link readTelemetryConfig} makes of an environment. */
export interface TelemetryConfig {
  readonly traces: TraceTarget;
  readonly sampler: SamplerConfig;
  readonly queue: SpanQueueConfig;
  /** Replaces the service's own name where the environment gives one. */
  readonly serviceName?: string;
  readonly resourceAttributes: Readonly<Record<string, string>>;
  /** Longest text of a span's attribute, in characters: a span over 64,940 bytes cannot go by UDP. */
  readonly attributeValueLengthLimit: number;
  readonly logLevel: LogLevel;
  /** Level of OpenTelemetry's own messages; without it they are not shown. */
  readonly diagnostics?: DiagLogLevelName;
}

const DEFAULT_JAEGER_ENDPOINT = "http://127.0.0.1:14268/api/traces";
const DEFAULT_JAEGER_AGENT_PORT = 6832;
const DEFAULT_OTLP_ENDPOINT = "http://127.0.0.1:4318/v1/traces";
const DEFAULT_TRACES_PER_SECOND = 5;

/**
 * The settings of telemetry from an environment (usually `process.env`, read once by a service's
 * config.ts). Variables and defaults are those of the OpenTelemetry specification, but for:
 *
 * - OTEL_TRACES_EXPORTER: `jaeger` (default), `otlp` (protobuf over HTTP) or `none`. Jaeger is
 *   reached over HTTP; over UDP, which loses spans without a word, only where
 *   OTEL_EXPORTER_JAEGER_AGENT_HOST is given and OTEL_EXPORTER_JAEGER_ENDPOINT is not.
 * - OTEL_TRACES_SAMPLER: without it, TRIBUTARY_TRACES_PER_SECOND new traces a second (default 5).
 * - OTEL_BSP_MAX_EXPORT_BATCH_SIZE: 64, because encoding a span for Jaeger takes 73 µs and 512 of
 *   them would hold the event loop for 37 ms; OTEL_BSP_SCHEDULE_DELAY 1,000 and
 *   OTEL_BSP_EXPORT_TIMEOUT 2,000 ms.
 * - TRIBUTARY_LOG_LEVEL: `info`.
 *
 * Throws TelemetryError `config_invalid` that names the variable, what it holds and what was
 * expected; secrets are not repeated.
 */
export function readTelemetryConfig(env: Env): TelemetryConfig {
  const { "service.name": attributeName, ...resourceAttributes } = readPairs(
    env,
    "OTEL_RESOURCE_ATTRIBUTES",
  );
  const serviceName = readText(env, "OTEL_SERVICE_NAME") ?? attributeName;
  const diagnostics = readChoice(env, "OTEL_LOG_LEVEL", DIAG_LOG_LEVELS);
  const attributeLimits = { min: 16, max: 65_536, integer: true };
  return Object.freeze({
    traces: Object.freeze(readTraceTarget(env)),
    sampler: Object.freeze(readSampler(env)),
    queue: Object.freeze(readSpanQueue(env)),
    ...(serviceName === undefined ? {} : { serviceName }),
    resourceAttributes: Object.freeze(resourceAttributes),
    attributeValueLengthLimit:
      readNumber(env, "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", attributeLimits) ??
      readNumber(env, "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", attributeLimits) ??
      4096,
    logLevel: readChoice(env, "TRIBUTARY_LOG_LEVEL", LOG_LEVELS) ?? "info",
    ...(diagnostics === undefined ? {} : { diagnostics }),
  });
}

function readTraceTarget(env: Env): TraceTarget {
  const disabled = readChoice(env, "OTEL_SDK_DISABLED", ["true", "false"]) === "true";
  const exporter = readChoice(env, "OTEL_TRACES_EXPORTER", ["jaeger", "otlp", "none"]) ?? "jaeger";
  if (disabled || exporter === "none") return { exporter: "none" };
  return exporter === "otlp" ? readOtlp(env) : readJaeger(env);
}

function readJaeger(env: Env): TraceTarget {
  const url = readHttpUrl(env, "OTEL_EXPORTER_JAEGER_ENDPOINT");
  const host = readText(env, "OTEL_EXPORTER_JAEGER_AGENT_HOST");
  if (url === undefined && host !== undefined) {
    const bounds = { min: 1, max: 65_535, integer: true };
    const port = readNumber(env, "OTEL_EXPORTER_JAEGER_AGENT_PORT", bounds);
    return { exporter: "jaeger-udp", host, port: port ?? DEFAULT_JAEGER_AGENT_PORT };
  }
  const inUrl = url === undefined ? {} : takeCredentials(url, "OTEL_EXPORTER_JAEGER_ENDPOINT");
  const username = readText(env, "OTEL_EXPORTER_JAEGER_USER") ?? inUrl.username;
  const password = readText(env, "OTEL_EXPORTER_JAEGER_PASSWORD") ?? inUrl.password;
  if (username !== undefined && password === undefined) {
    throw invalidSecret("OTEL_EXPORTER_JAEGER_PASSWORD", "a password beside the user");
  }
  if (username === undefined && password !== undefined) {
    throw invalidSecret("OTEL_EXPORTER_JAEGER_USER", "a user beside the password");
  }
  // Jaeger answers 404 on "/", so a bare host is taken to mean its collector's path.
  if (url?.pathname === "/") url.pathname = "/api/traces";
  return {
    exporter: "jaeger-http",
    endpoint: url?.href ?? DEFAULT_JAEGER_ENDPOINT,
    ...(username === undefined || password === undefined ? {} : { username, password }),
  };
}

function readOtlp(env: Env): TraceTarget {
  for (const name of ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"]) {
    readChoice(env, name, ["http/protobuf"]);
  }
  const headers: Record<string, string> = {
    ...readPairs(env, "OTEL_EXPORTER_OTLP_HEADERS"),
    ...readPairs(env, "OTEL_EXPORTER_OTLP_TRACES_HEADERS"),
  };
  const own = readHttpUrl(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = readHttpUrl(env, "OTEL_EXPORTER_OTLP_ENDPOINT");
  if (own === undefined && base !== undefined) {
    base.pathname = `${base.pathname.replace(/\/+$/, "")}/v1/traces`;
  }
  const url = own ?? base;
  if (url === undefined) return { exporter: "otlp", endpoint: DEFAULT_OTLP_ENDPOINT, headers };
  const variable =
    own === undefined ? "OTEL_EXPORTER_OTLP_ENDPOINT" : "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  const { username, password } = takeCredentials(url, variable);
  const authorized = Object.keys(headers).some((key) => key.toLowerCase() === "authorization");
  if (username !== undefined && !authorized) {
    const pair = Buffer.from(`${username}:${password ?? ""}`).toString("base64");
    headers["authorization"] = `Basic ${pair}`;
  }
  return { exporter: "otlp", endpoint: url.href, headers };
}

/** Moves the credentials out of `url`, so that it can be shown and neither exporter overlooks them. */
function takeCredentials(url: URL, variable: string): { username?: string; password?: string } {
  const username = decodePercent(url.username);
  const password = decodePercent(url.password);
  if (username === undefined || password === undefined) {
    throw invalidSecret(variable, "user and password percent-encoded");
  }
  url.username = "";
  url.password = "";
  return {
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
  };
}

function readSampler(env: Env): SamplerConfig {
  const name = readChoice(env, "OTEL_TRACES_SAMPLER", STANDARD_SAMPLERS);
  const tracesPerSecond = readNumber(env, "TRIBUTARY_TRACES_PER_SECOND", {
    min: 0,
    max: 100_000,
    integer: false,
  });
  if (name === undefined) {
    return {
      name: "rate_limited",
      tracesPerSecond: tracesPerSecond ?? DEFAULT_TRACES_PER_SECOND,
    };
  }
  const bounds = { min: 0, max: 1, integer: false };
  const ratio = name.endsWith("ratio") ? readNumber(env, "OTEL_TRACES_SAMPLER_ARG", bounds) : 1;
  return { name, ratio: ratio ?? 1 };
}

function readSpanQueue(env: Env): SpanQueueConfig {
  const size = { min: 1, max: 65_536, integer: true };
  const duration = { min: 10, max: 60_000, integer: true };
  const maxQueueSize = readNumber(env, "OTEL_BSP_MAX_QUEUE_SIZE", size) ?? 2048;
  const batchSize = readNumber(env, "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", size);
  if (batchSize !== undefined && batchSize > maxQueueSize) {
    const expected = `at most OTEL_BSP_MAX_QUEUE_SIZE, which is ${maxQueueSize}`;
    throw invalidVariable("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", String(batchSize), expected);
  }
  return {
    maxQueueSize,
    maxExportBatchSize: batchSize ?? Math.min(64, maxQueueSize),
    scheduledDelayMs: readNumber(env, "OTEL_BSP_SCHEDULE_DELAY", duration) ?? 1000,
    exportTimeoutMs: readNumber(env, "OTEL_BSP_EXPORT_TIMEOUT", duration) ?? 2000,
  };
}
