import { randomBytes } from "node:crypto";
import { expectShortLivedBuffers, listen, readOrExit } from "@tributary/service";
import {
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  GroupMember,
  joinPlatform,
  waitUntilReady,
  connectionFault,
} from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { BatchTrace } from "./partition/batch-trace.ts";
import { readConfig } from "./config.ts";
import { collectGarbage } from "./threads/collect-garbage.ts";
import { MemoryBudget } from "./partition/memory-budget.ts";
import { createWorkerMetrics } from "./metrics.ts";
import { AttributionProcessor } from "./partition/processor.ts";
import { buildServer } from "./server.ts";
import { ThreadPool } from "./threads/pool.ts";

/** How long a start waits for Redis, ms. */
const START_TIMEOUT_MS = 30_000;
/** How long a stop may take before the process ends anyway, ms: the next owner claims uncommitted entries. */
const STOP_TIMEOUT_MS = 10_000;

expectShortLivedBuffers();
const config = readOrExit(readConfig);
const telemetry = startTelemetry({
  serviceName: "tributary-worker",
  serviceVersion: "0.1.0",
  instanceId: config.workerId,
  config: config.telemetry,
});
const { logger } = telemetry;

const client = connectRedis(config.redisUrl, {
  name: `tributary-worker-${config.workerId}`,
  commandTimeoutMs: 5000,
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

const metrics = createWorkerMetrics(telemetry);
const threads = new ThreadPool(
  {
    threads: config.threads,
    heapMb: config.threadHeapMb,
    data: {
      journeys: config.journeys,
      partitions: config.partitions,
      vocabularyBytes: config.vocabularyMb * 2 ** 20,
      seed: randomBytes(6).readUIntBE(0, 6),
    },
  },
  (thread) => {
    metrics.tributary_thread_restarts_total.inc();
    logger.error({ thread }, "a compute thread died and was replaced; its partitions are rebuilt");
  },
  (thread) => {
    logger.fatal({ thread }, "a compute thread died and could not be replaced");
    process.exit(1);
  },
);
const processor = new AttributionProcessor(
  threads,
  new BatchTrace(telemetry, config.slowBatchMs),
  metrics,
  {
    horizonMs: config.horizonMs,
    factsKeptMs: config.factsKeptMs,
  },
  logger,
);
const memory = new MemoryBudget(
  {
    limitBytes: config.memoryLimitMb * 2 ** 20,
    residentBytes: () => process.memoryUsage.rss(),
    partitionBytes: (partition) => processor.partitionBytes(partition),
    relief: (partition) => processor.relief(partition),
    async collect() {
      collectGarbage();
      await threads.collect();
    },
  },
  logger,
);
const member = new GroupMember(
  client,
  processor,
  {
    worker: config.workerId,
    partitions: config.partitions,
    leaseMs: config.leaseMs,
    heartbeatMs: config.heartbeatMs,
    consumer: {
      ...DEFAULT_CONSUMER_OPTIONS,
      erasedAfterMs: config.erasedAfterMs,
      maxBatchEvents: config.maxBatchEvents,
      maxReadBytes: config.maxReadBytes,
      restorePageBytes: config.restorePageBytes,
      maxCommitBytes: config.maxCommitBytes,
      suspectDeliveries: config.suspectDeliveries,
      maxOwnersEnded: config.maxOwnersEnded,
      maxOutboxEntries: config.maxOutboxEntries,
      replicaWait: config.replicaWait,
      admission: memory,
      observer: {
        groupMended: (_partition, fault) =>
          metrics.tributary_groups_mended_total.inc({ group: "attribution", fault }),
        dataLost: (what) => metrics.tributary_lost_keys_total.inc({ what }),
      },
    },
  },
  logger,
);
const server = buildServer(
  {
    client,
    member,
    threads,
    stateSize: () => processor.stateSize,
    memory,
    telemetry,
    metrics,
    serverWatch,
    instanceId: config.instanceId,
  },
  config.stallMs,
);
const address = await listen(server, config);
memory.start();
member.start();
const { workerId: worker, tenantsDigest } = config;
logger.info({ address, worker, threads: config.threads, tenantsDigest }, "worker runs");

let stopping = false;
async function stop(signal: string): Promise<void> {
  if (stopping) return;
  stopping = true;
  logger.info({ signal }, "worker stops");
  setTimeout(() => process.exit(1), STOP_TIMEOUT_MS).unref();
  memory.stop();
  await member.stop();
  await server.close();
  await threads.close();
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
