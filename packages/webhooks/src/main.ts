import { randomBytes } from "node:crypto";
import {
  connectRedis,
  ensureWebhooksGroup,
  GROUP_LOST,
  joinPlatform,
  type ServerWatch,
  waitUntilReady,
  connectionFault,
} from "@tributary/streams";
import { listen, readOrExit } from "@tributary/service";
import { startTelemetry } from "@tributary/telemetry";
import { readConfig } from "./config.ts";
import { createWebhookMetrics } from "./metrics.ts";
import { noteTenants } from "./queue/delivery-queue.ts";
import { buildServer } from "./server.ts";
import { WebhooksService } from "./service.ts";
import { shownTarget } from "./sending/targets.ts";

/** How long a start waits for Redis, ms. */
const START_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 5000;
/** How long a stop may take before the process ends anyway, ms: deliveries without a recorded outcome are sent again. */
const STOP_TIMEOUT_MS = 12_000;

const config = readOrExit(readConfig);
const telemetry = startTelemetry({
  serviceName: "tributary-webhooks",
  serviceVersion: "0.1.0",
  instanceId: config.instance,
  config: config.telemetry,
});
const { logger } = telemetry;

const client = connectRedis(config.redisUrl, {
  name: "tributary-webhooks",
  commandTimeoutMs: COMMAND_TIMEOUT_MS,
});
if (!(await waitUntilReady(client, START_TIMEOUT_MS))) {
  logger.fatal(connectionFault(client));
  process.exit(1);
}
const serverWatch = await join().catch(giveUp);

const metrics = createWebhookMetrics(telemetry);
const seed = randomBytes(6).readUIntBE(0, 6);
const service = new WebhooksService(config, { client, telemetry, metrics, seed });
const { partitions, instanceId, stallMs } = config;
const parts = { client, service, partitions, telemetry, metrics, serverWatch, instanceId };
const server = buildServer(parts, stallMs);
const address = await listen(server, config).catch(giveUp);
service.start();
const receivers = [...config.targets].map(([tenant, { url }]) => `${tenant}: ${shownTarget(url)}`);
logger.info({ address, receivers }, "webhooks runs");

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, "webhooks stops");
  setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
  await service.stop();
  await server.close();
  await serverWatch.stop();
  client.disconnect();
  await telemetry.shutdown();
  process.exit(0);
}
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));

/** Joins the platform, as a group of its own. */
async function join(): Promise<ServerWatch> {
  const { partitions, redisRules: rules } = config;
  const timeoutMs = START_TIMEOUT_MS;
  const watch = await joinPlatform(client, { partitions, timeoutMs, rules, telemetry });
  for (const lost of await ensureWebhooksGroup(client, config.partitions)) {
    logger.error(lost, GROUP_LOST);
  }
  await noteTenants(client, [...config.targets.keys()]);
  return watch;
}

/** What keeps the service from starting is said in one line. */
function giveUp(error: unknown): never {
  logger.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
