import { ATTRIBUTION_GROUP, WAREHOUSE_GROUP } from "@tributary/protocol";
import {
  readLag,
  redisReady,
  settle,
  totalLag,
  WarehouseFeed,
  type GroupLag,
  type RedisClient,
} from "@tributary/streams";
import type { Telemetry } from "@tributary/telemetry";
import type { WarehouseEngine } from "@tributary/warehouse";
import type { FastifyInstance } from "fastify";
import type { ReportsConfig } from "./config.ts";
import { Loader } from "./loader.ts";
import { buildServer, type LagReport, type LagTotal } from "./server.ts";

/** The service's two halves over one warehouse. */
export interface ReportsService {
  readonly loader: Loader;
  /** Not listening yet. */
  readonly server: FastifyInstance;
}

/** What the service stands on. */
export interface ServiceParts {
  readonly client: RedisClient;
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  /** Name in the consumer group: the same after a restart, so that it finds what it had not acknowledged. */
  readonly consumer: string;
  /** Secret below 2^48, see {@link Loader}. */
  readonly seed: number;
}

/** Puts the service together. */
export function createReports(config: ReportsConfig, parts: ServiceParts): ReportsService {
  const { client, engine, telemetry } = parts;
  const { partitions } = config;
  const feed = new WarehouseFeed(client, {
    partitions,
    consumer: parts.consumer,
    maxEntries: config.loadMaxEntries,
  });
  const loader = new Loader(feed, engine, telemetry, {
    intervalMs: config.loadIntervalMs,
    seed: parts.seed,
  });
  const server = buildServer({
    engine,
    telemetry,
    readKeys: config.readKeys,
    loadStallMs: config.loadStallMs,
    stalledForMs: () => loader.stalledForMs(),
    redisReady: () => redisReady(client),
    readLag: async () => lagReport(client, partitions),
    settle: async (timeoutMs, signal) => settle(client, partitions, { timeoutMs, signal }),
  });
  return { loader, server };
}

async function lagReport(client: RedisClient, partitions: number): Promise<LagReport> {
  const lags = await readLag(client, partitions);
  const total = totalLag(lags);
  return {
    partitions: lags,
    total: { [ATTRIBUTION_GROUP]: sum(total), [WAREHOUSE_GROUP]: sum(total.warehouse) },
  };
}

function sum({ undelivered, pending, oldestAgeSeconds }: GroupLag): LagTotal {
  return { entries: undelivered + pending, oldestAgeSeconds };
}
