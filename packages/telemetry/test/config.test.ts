import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readTelemetryConfig, TelemetryError } from "../src/index.ts";
import type { Env } from "../src/index.ts";

function messageOf(env: Env): string {
  try {
    readTelemetryConfig(env);
  } catch (error) {
    expect(error).toBeInstanceOf(TelemetryError);
    return error instanceof Error ? error.message : "";
  }
  throw new Error("the environment was taken");
}

test("an empty environment gives Jaeger over HTTP on loopback and five traces a second", () => {
  const config = readTelemetryConfig({ OTEL_TRACES_EXPORTER: "", UNRELATED: "x" });
  expect(config).toEqual({
    traces: { exporter: "jaeger-http", endpoint: "http://127.0.0.1:14268/api/traces" },
    sampler: { name: "rate_limited", tracesPerSecond: 5 },
    queue: {
      maxQueueSize: 2048,
      maxExportBatchSize: 64,
      scheduledDelayMs: 1000,
      exportTimeoutMs: 2000,
    },
    resourceAttributes: {},
    attributeValueLengthLimit: 4096,
    logLevel: "info",
  });
  expect(Object.isFrozen(config) && Object.isFrozen(config.traces)).toBe(true);
});

describe("where traces go", () => {
  const cases: [string, Env, unknown][] = [
    ["none", { OTEL_TRACES_EXPORTER: "none" }, { exporter: "none" }],
    ["disabled", { OTEL_SDK_DISABLED: "TRUE", OTEL_TRACES_EXPORTER: "otlp" }, { exporter: "none" }],
    [
      "an endpoint without a path gets the collector's",
      { OTEL_EXPORTER_JAEGER_ENDPOINT: " http://jaeger:14268 " },
      { exporter: "jaeger-http", endpoint: "http://jaeger:14268/api/traces" },
    ],
    [
      "an endpoint's own path stays",
      { OTEL_EXPORTER_JAEGER_ENDPOINT: "https://x.example/collect" },
      { exporter: "jaeger-http", endpoint: "https://x.example/collect" },
    ],
    [
      "credentials from the URL",
      { OTEL_EXPORTER_JAEGER_ENDPOINT: "http://a:b%40c@jaeger:14268/api/traces" },
      {
        exporter: "jaeger-http",
        endpoint: "http://jaeger:14268/api/traces",
        username: "a",
        password: "b@c",
      },
    ],
    [
      "UDP where only a host is given",
      { OTEL_EXPORTER_JAEGER_AGENT_HOST: "agent" },
      { exporter: "jaeger-udp", host: "agent", port: 6832 },
    ],
    [
      "HTTP where both are given",
      { OTEL_EXPORTER_JAEGER_AGENT_HOST: "agent", OTEL_EXPORTER_JAEGER_ENDPOINT: "http://j:1/p" },
      { exporter: "jaeger-http", endpoint: "http://j:1/p" },
    ],
    [
      "OTLP by default on loopback",
      { OTEL_TRACES_EXPORTER: "OTLP" },
      { exporter: "otlp", endpoint: "http://127.0.0.1:4318/v1/traces", headers: {} },
    ],
    [
      "OTLP below a base",
      { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318/base/" },
      { exporter: "otlp", endpoint: "http://c:4318/base/v1/traces", headers: {} },
    ],
    [
      "OTLP at exactly the traces endpoint, traces headers over common ones",
      {
        OTEL_TRACES_EXPORTER: "otlp",
        OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4318",
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://t:1/exact",
        OTEL_EXPORTER_OTLP_HEADERS: "a=1,b=2%2C3",
        OTEL_EXPORTER_OTLP_TRACES_HEADERS: "a=9",
      },
      { exporter: "otlp", endpoint: "http://t:1/exact", headers: { a: "9", b: "2,3" } },
    ],
    [
      "OTLP credentials from the URL become a header",
      { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_ENDPOINT: "http://a:b@c:4318" },
      {
        exporter: "otlp",
        endpoint: "http://c:4318/v1/traces",
        headers: { authorization: "Basic YTpi" },
      },
    ],
  ];

  test.for(cases)("%s", ([, env, traces]) => {
    expect(readTelemetryConfig(env).traces).toEqual(traces);
  });
});

test("samplers, queue, names, level", () => {
  const config = readTelemetryConfig({
    OTEL_TRACES_SAMPLER: "parentbased_traceidratio",
    OTEL_TRACES_SAMPLER_ARG: "0.25",
    OTEL_BSP_MAX_QUEUE_SIZE: "10",
    OTEL_SERVICE_NAME: "svc",
    OTEL_RESOURCE_ATTRIBUTES: "service.name=other,team=growth%20x",
    TRIBUTARY_LOG_LEVEL: "Debug",
    OTEL_LOG_LEVEL: "warn",
    OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: "64",
  });
  expect(config.sampler).toEqual({ name: "parentbased_traceidratio", ratio: 0.25 });
  expect(config.queue).toMatchObject({ maxQueueSize: 10, maxExportBatchSize: 10 });
  expect(config).toMatchObject({
    serviceName: "svc",
    resourceAttributes: { team: "growth x" },
    logLevel: "debug",
    diagnostics: "warn",
    attributeValueLengthLimit: 64,
  });
  expect(readTelemetryConfig({ OTEL_RESOURCE_ATTRIBUTES: "service.name=x" }).serviceName).toBe("x");
  expect(readTelemetryConfig({ TRIBUTARY_TRACES_PER_SECOND: "0.5" }).sampler).toEqual({
    name: "rate_limited",
    tracesPerSecond: 0.5,
  });
});

describe("a bad value is named with what was expected", () => {
  const cases: [Env, string][] = [
    [
      { OTEL_TRACES_EXPORTER: "zipkin" },
      'OTEL_TRACES_EXPORTER is "zipkin"; expected one of jaeger, otlp, none',
    ],
    [{ OTEL_SDK_DISABLED: "yes" }, 'OTEL_SDK_DISABLED is "yes"; expected one of true, false'],
    [
      { OTEL_EXPORTER_JAEGER_ENDPOINT: "jaeger:14268" },
      'OTEL_EXPORTER_JAEGER_ENDPOINT is "jaeger:14268"; expected an http:// or https:// URL',
    ],
    [
      { OTEL_EXPORTER_JAEGER_AGENT_HOST: "h", OTEL_EXPORTER_JAEGER_AGENT_PORT: "70000" },
      'OTEL_EXPORTER_JAEGER_AGENT_PORT is "70000"; expected a whole number from 1 to 65535',
    ],
    [
      { TRIBUTARY_TRACES_PER_SECOND: "many" },
      'TRIBUTARY_TRACES_PER_SECOND is "many"; expected a number from 0 to 100000',
    ],
    [
      { OTEL_TRACES_SAMPLER: "traceidratio", OTEL_TRACES_SAMPLER_ARG: "2" },
      'OTEL_TRACES_SAMPLER_ARG is "2"; expected a number from 0 to 1',
    ],
    [
      { OTEL_BSP_MAX_QUEUE_SIZE: "8", OTEL_BSP_MAX_EXPORT_BATCH_SIZE: "9" },
      'OTEL_BSP_MAX_EXPORT_BATCH_SIZE is "9"; expected at most OTEL_BSP_MAX_QUEUE_SIZE, which is 8',
    ],
    [
      { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" },
      'OTEL_EXPORTER_OTLP_PROTOCOL is "grpc"; expected one of http/protobuf',
    ],
    [
      { OTEL_EXPORTER_JAEGER_USER: "ann" },
      "OTEL_EXPORTER_JAEGER_PASSWORD (value not shown); expected a password beside the user",
    ],
    [
      { TRIBUTARY_LOG_LEVEL: "loud" },
      'TRIBUTARY_LOG_LEVEL is "loud"; expected one of fatal, error, warn, info, debug, trace, silent',
    ],
  ];

  test.for(cases)("%o", ([env, message]) => {
    expect(messageOf(env)).toBe(message);
  });

  test("without its secrets", () => {
    const secret = "hunter2";
    const environments: Env[] = [
      { OTEL_EXPORTER_JAEGER_ENDPOINT: `htp://ann:${secret}@jaeger` },
      { OTEL_EXPORTER_JAEGER_ENDPOINT: `http://ann:${secret}/x@jaeger` },
      { OTEL_EXPORTER_JAEGER_PASSWORD: secret },
      { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_HEADERS: `authorization ${secret}` },
      { OTEL_TRACES_EXPORTER: "otlp", OTEL_EXPORTER_OTLP_HEADERS: `a=${secret}%zz` },
    ];
    for (const env of environments) expect(messageOf(env)).not.toContain(secret);
  });
});

test("no environment does anything but give a config or a TelemetryError", () => {
  const names = [
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_JAEGER_ENDPOINT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_HEADERS",
    "OTEL_RESOURCE_ATTRIBUTES",
    "OTEL_TRACES_SAMPLER",
    "OTEL_BSP_MAX_QUEUE_SIZE",
    "OTEL_BSP_EXPORT_TIMEOUT",
    "TRIBUTARY_TRACES_PER_SECOND",
  ];
  const value = fc.oneof(
    fc.string(),
    fc.webUrl(),
    fc.double().map(String),
    fc.constantFrom("jaeger", "otlp", "none", "always_on", "a=b"),
  );
  const environment = fc.dictionary(fc.constantFrom(...names), value);
  fc.assert(
    fc.property(environment, (env) => {
      try {
        const { queue } = readTelemetryConfig(env);
        expect(queue.maxQueueSize).toBeGreaterThanOrEqual(queue.maxExportBatchSize);
        expect(queue.exportTimeoutMs).toBeGreaterThan(0);
      } catch (error) {
        expect(error).toBeInstanceOf(TelemetryError);
        expect(names.some((name) => String(error).includes(name))).toBe(true);
      }
    }),
  );
});
