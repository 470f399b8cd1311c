import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { expectShortLivedBuffers } from "@tributary/service";
import { connectRedis, joinPlatform, waitUntilReady } from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { readConfig } from "./config.ts";
import { createGateway } from "./server.ts";

/** How long a start waits for Redis, ms. */
const START_TIMEOUT_MS = 30_000;

expectShortLivedBuffers();
const config = readConfig();
const telemetry = startTelemetry({
  serviceName: "tributary-gateway",
  serviceVersion: "0.1.0",
  instanceId: `${hostname()}-${process.pid}`,
  config: config.telemetry,
});
const { logger } = telemetry;

const client = connectRedis(config.redisUrl, {
  name: "tributary-gateway",
  // A connection that waits for replicas makes the commands behind it wait as well.
  commandTimeoutMs: Math.max(1000, config.redisWaitMs) + (config.replicaWait?.timeoutMs ?? 0),
});
if (!(await waitUntilReady(client, START_TIMEOUT_MS))) {
  logger.fatal("no connection to Redis; is REDIS_URL right?");
  process.exit(1);
}
await joinPlatform(client, config.partitions, START_TIMEOUT_MS);

const seed = randomBytes(6).readUIntBE(0, 6);
const { server, publisher, backlog } = createGateway(config, client, telemetry, seed);
backlog.start();
const address = await server.listen({ host: config.host, port: config.port });
logger.info({ address, partitions: config.partitions }, "gateway listens");

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, "gateway stops");
  await server.close();
  await publisher.close();
  await backlog.stop();
  client.disconnect();
  await telemetry.shutdown();
  process.exit(0);
}
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));
