import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { type ApiKeyKind, listen, makeFolder, readOrExit } from "@tributary/service";
import {
  ApiKeyStore,
  connectRedis,
  joinPlatform,
  waitUntilReady,
  connectionFault,
} from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { migrate, openWarehouse, type WarehouseEngine } from "@tributary/warehouse";
import { readConfig } from "./config.ts";
import { warehouseFolder } from "./offline.ts";
import { claimWarehouse } from "./load/warehouse-claim.ts";
import { createReports } from "./service.ts";

/** How long a start waits for Redis, ms. */
const START_TIMEOUT_MS = 30_000;
const COMMAND_TIMEOUT_MS = 5_000;

const config = readOrExit(readConfig);
const telemetry = startTelemetry({
  serviceName: "tributary-reports",
  serviceVersion: "0.1.0",
  instanceId: `${hostname()}-${process.pid}`,
  config: config.telemetry,
});
const { logger } = telemetry;

const client = connectRedis(config.redisUrl, {
  name: "tributary-reports",
  commandTimeoutMs: COMMAND_TIMEOUT_MS,
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
const engine = await openEngine().catch(giveUp);
const claim = await claimWarehouse(client, engine, config.partitions).catch(giveUp);
if (claim.adopted !== undefined) logger.warn({ warehouse: claim.id }, claim.adopted);

const seed = randomBytes(6).readUIntBE(0, 6);
const consumer = `reports-${hostname()}`;
const storedOf = (kind: ApiKeyKind, closed: boolean): ApiKeyStore =>
  new ApiKeyStore(client, { kind, refreshMs: config.keysRefreshMs, closed }, logger);
const stored = {
  storedKeys: storedOf("read", config.keysInRedis || config.readKeys.size > 0),
  storedEraseKeys: storedOf("erase", !config.isEraseOpen),
  storedImportKeys: storedOf("import", !config.isImportOpen),
  // There is nothing that it would open: who needs no key to read sees the whole platform.
  storedOperateKeys: storedOf("operate", true),
};
for (const keys of Object.values(stored)) await keys.start();
const onWarehouseLost = (): never =>
  giveUp("another warehouse was adopted: nothing is loaded into this one any more");
const parts = {
  client,
  engine,
  telemetry,
  consumer,
  seed,
  claim,
  onWarehouseLost,
  ...stored,
  serverWatch,
};
const { loaders, server, eraser, streamWatch, diagnosisWatch, selfAudit } = createReports(
  config,
  parts,
);
eraser.start();
streamWatch.start();
diagnosisWatch.start();
selfAudit.start();
for (const loader of loaders) loader.start();
const address = await listen(server, config).catch(giveUp);
logger.info({ address, partitions: config.partitions }, "reports listens");

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, "reports stops");
  await Promise.all(loaders.map(async (loader) => loader.stop()));
  await eraser.stop();
  await selfAudit.stop();
  await streamWatch.stop();
  await diagnosisWatch.stop();
  await serverWatch.stop();
  for (const keys of Object.values(stored)) keys.stop();
  await server.close();
  await engine.close();
  client.disconnect();
  await telemetry.shutdown();
  process.exit(0);
}
process.on("SIGTERM", () => void stop("SIGTERM"));
process.on("SIGINT", () => void stop("SIGINT"));

/** Opens the platform's warehouse. */
async function openEngine(): Promise<WarehouseEngine> {
  const { clickhouseUrl } = config;
  const folder = warehouseFolder(config.dataDir);
  if (clickhouseUrl === undefined) makeFolder(folder);
  const location = clickhouseUrl === undefined ? { dataDir: folder } : { clickhouseUrl };
  const opened = await openWarehouse(location, { queryTimeoutMs: config.queryTimeoutMs });
  const migrations = await migrate(opened);
  if (migrations.length > 0) logger.info({ migrations }, "warehouse migrated");
  return opened;
}

/** Reports in one line why the service does not start. */
function giveUp(error: unknown): never {
  logger.fatal(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
