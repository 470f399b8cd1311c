import { BLOCK_FIELD, COUNT_FIELD, resultsKey } from "@tributary/protocol";
import type { RedisClient } from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { readConfig } from "../../src/config.ts";
import { createWebhookMetrics } from "../../src/metrics.ts";
import { buildServer } from "../../src/server.ts";
import { WebhooksService } from "../../src/service.ts";
import { type Result, resultBlock } from "./blocks.ts";

const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
let started = 0;

/** The service in this process, impatient. @param urls by tenant @param env what is otherwise */
export function startService(
  client: RedisClient,
  partitions: number,
  urls: Readonly<Record<string, string>>,
  env: Readonly<Record<string, string>> = {},
) {
  const tenants = Object.entries(urls);
  const config = readConfig({
    TRIBUTARY_WEBHOOKS: tenants.map(([tenant, url]) => `${tenant}=${url}`).join(" "),
    TRIBUTARY_WEBHOOK_SECRETS: tenants.map(([tenant]) => `${tenant}=${SECRET}`).join(" "),
    TRIBUTARY_WEBHOOK_FIRST_BACKOFF_MS: "20",
    TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS: "100",
    TRIBUTARY_WEBHOOK_LEASE_MS: "1000",
    TRIBUTARY_WEBHOOK_TIMEOUT_MS: "500",
    TRIBUTARY_PARTITIONS: String(partitions),
    OTEL_TRACES_EXPORTER: "none",
    TRIBUTARY_LOG_LEVEL: "silent",
    ...env,
  });
  const telemetry = startTelemetry({
    serviceName: "test",
    serviceVersion: "0",
    instanceId: "t",
    config: config.telemetry,
  });
  const metrics = createWebhookMetrics(telemetry);
  started += 1;
  const instance = { ...config, instance: `${config.instance}-${started}` };
  const service = new WebhooksService(instance, { client, telemetry, metrics, seed: 1 });
  const server = buildServer({ client, service, partitions, telemetry, metrics }, config.stallMs);
  service.start();
  const stop = async (): Promise<void> => {
    await service.stop();
    await server.close();
    await telemetry.shutdown();
  };
  return { service, server, stop };
}

/** Appends results as a worker's commit does. */
export async function appendResults(
  client: RedisClient,
  partition: number,
  results: readonly Result[],
): Promise<void> {
  const block = Buffer.from(resultBlock(results));
  await client.xadd(resultsKey(partition), "*", COUNT_FIELD, results.length, BLOCK_FIELD, block);
}
