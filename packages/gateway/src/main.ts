import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { expectShortLivedBuffers, listen, readOrExit } from "@tributary/service";
import {
  ApiKeyStore,
  connectRedis,
  joinPlatform,
  waitUntilReady,
  connectionFault,
} from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { readConfig } from "./config.ts";
import { createGateway } from "./server.ts";
import { Spool, type SpoolOptions } from "./spool/spool.ts";

/** How long a start waits for Redis, ms. */
const START_TIMEOUT_MS = 30_000;

expectShortLivedBuffers();
const config = readOrExit(readConfig);
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
  logger.fatal(connectionFault(client));
  process.exit(1);
}
const serverWatch = await joinPlatform(client, {
  partitions: config.partitions,
  timeoutMs: START_TIMEOUT_MS,
  rules: config.redisRules,
  telemetry,
}).catch(giveUp);

const keys = new ApiKeyStore(
  client,
  {
    kind: "write",
    refreshMs: config.keysRefreshMs,
    closed: config.keysInRedis || config.writeKeys.size > 0,
  },
  logger,
);
await keys.start();
const seed = randomBytes(6).readUIntBE(0, 6);
const spool = config.spool === undefined ? undefined : await openSpool(config.spool);
const { server, publisher, backlog, forwarder } = createGateway(
  config,
  client,
  telemetry,
  seed,
  spool,
  keys,
  serverWatch,
);
backlog.start();
forwarder?.start();
const address = await listen(server, config);
const { partitions, tenants } = config;
logger.info({ address, partitions, tenantsDigest: tenants.digest }, "gateway listens");

/** Without its spool a gateway would lose what it says it keeps: it does not start. */
async function openSpool(options: SpoolOptions): Promise<Spool> {
  try {
    return await Spool.open(options, logger);
  } catch (error) {
    logger.fatal({ err: error }, "the spool cannot be used; is TRIBUTARY_SPOOL_DIR right?");
    process.exit(1);
  }
}

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, "gateway stops");
  await server.close();
  keys.stop();
  await forwarder?.stop();
  await publisher.close();
  await spool?.close();
  await backlog.stop();
  await serverWatch.stop();
  client.disconnect();
  await telemetry.shutdown();
  process.exit(0);
}
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));

/** What keeps the service from starting is said in one line. */
function giveUp(error: unknown): never {
  logger.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
