import type { StoredKeys } from "@tributary/service";
import { WAREHOUSE_GROUP } from "@tributary/protocol";
import {
  clientUse,
  conversionKey,
  EntryAppender,
  LagMeter,
  mendedReporter,
  noteErasedConversions,
  readBooks,
  readCompleteUpTo,
  readLag,
  redisReady,
  settle,
  totalBooks,
  WarehouseFeed,
  type RedisClient,
  type ServerWatch,
} from "@tributary/streams";
import { createMetrics, type Telemetry } from "@tributary/telemetry";
import type { WarehouseEngine } from "@tributary/warehouse";
import type { FastifyInstance } from "fastify";
import type { Accounting } from "./catalog/conservation.ts";
import { askErasure } from "./load/ask-erasure.ts";
import { AttributionAnswers } from "./attribution/attribution-answers.ts";
import type { ReportsConfig } from "./config.ts";
import { Eraser } from "./load/eraser.ts";
import type { ErasureParts } from "./http/parts.ts";
import { ImportFiles } from "./imports/import-files.ts";
import { ImportLedger } from "./imports/import-ledger.ts";
import { Loader } from "./load/loader.ts";
import type { WarehouseClaim } from "./load/warehouse-claim.ts";
import { PathPool } from "./compute/pool.ts";
import { buildServer } from "./http/server.ts";
import { DiagnosisWatch } from "./watch/diagnosis-watch.ts";
import { lagReport, tenantLagReport } from "./lag-report.ts";
import { SelfAudit } from "./watch/self-audit.ts";
import { StreamWatch, strandedReason } from "./watch/stream-watch.ts";

/** The service's halves over one warehouse. */
export interface ReportsService {
  /** Facts and results have a loader each: credits do not wait behind the far larger facts. */
  readonly loaders: readonly Loader[];
  /** Not listening yet. */
  readonly server: FastifyInstance;
  readonly eraser: Eraser;
  readonly streamWatch: StreamWatch;
  readonly diagnosisWatch: DiagnosisWatch;
  readonly selfAudit: SelfAudit;
}

/** What the service needs. */
export interface ServiceParts {
  /** Read keys beside those of the configuration. */
  readonly storedKeys?: StoredKeys | undefined;
  /** Erase, import and operate keys, likewise. */
  readonly storedEraseKeys?: StoredKeys | undefined;
  readonly storedImportKeys?: StoredKeys | undefined;
  readonly storedOperateKeys?: StoredKeys | undefined;
  readonly client: RedisClient;
  readonly engine: WarehouseEngine;
  readonly telemetry: Telemetry;
  /** Name in the consumer group: the same after a restart, so that unacknowledged entries are found. */
  readonly consumer: string;
  /** Secret below 2^48, see {@link Loader}. */
  readonly seed: number;
  /** Undefined where nobody else can load the streams. */
  readonly claim?: WarehouseClaim | undefined;
  /** Called when another warehouse was adopted, and nothing is loaded any more. */
  readonly onWarehouseLost?: (() => void) | undefined;
  /** What looks at Redis' settings. */
  readonly serverWatch?: Pick<ServerWatch, "reason"> | undefined;
}

/** Longest wait of the eraser for accepted events to settle, before it checks again, ms. */
const ERASE_SETTLE_MS = 60_000;
/** Longest that a self-audit waits for what was accepted to be loaded, ms. */
const AUDIT_SETTLE_MS = 10_000;
/** Models over paths that wait for the thread; more are refused. */
const MAX_MODELS_WAITING = 16;
/** Longer than a worker's lease and a restart of a service: what they cause is no finding. */
const DIAGNOSIS_BETWEEN_MS = 15_000;

/** A ClickHouse server answers a probe beside its queries, within this, ms. */
const SERVER_STALL_MS = 2000;

/** Builds the service; nothing runs yet. */
export function createReports(config: ReportsConfig, parts: ServiceParts): ReportsService {
  const { client, engine, telemetry } = parts;
  const { partitions } = config;
  const eraser = eraserOf(config, parts);
  const loaders = loadersOf(config, parts, eraser);
  const meter = new LagMeter(async () => readLag(client, partitions));
  const pool = new PathPool({ timeoutMs: config.queryTimeoutMs, maxWaiting: MAX_MODELS_WAITING });
  const ledger = new ImportLedger(engine, (tenant) => config.settings.of(tenant).channels);
  const diagnosisWatch = new DiagnosisWatch(client, telemetry, {
    rules: config.redisRules,
    intervalMs: config.diagnoseIntervalMs,
    betweenMs: DIAGNOSIS_BETWEEN_MS,
  });
  const server = buildServer({
    engine,
    telemetry,
    attribution: new AttributionAnswers({
      engine,
      telemetry,
      computer: pool,
      settings: config.settings,
      cache: { maxAnswers: config.cachedReports, maxBytes: config.cachedReportsMb * 2 ** 20 },
      completeUpTo: async () =>
        redisReady(client) ? readCompleteUpTo(client, partitions) : undefined,
    }),
    ...accessOf(config, parts),
    erasures: erasuresOf(config, parts, eraser),
    ledger,
    importFiles: new ImportFiles(ledger, config.imports),
    ...boundsOf(config),
    loadStallMs: config.loadStallMs,
    instanceId: config.instanceId,
    // While Redis is unavailable nobody makes progress: that is readiness, and a restart would not help.
    stalledForMs: () =>
      redisReady(client) ? Math.max(...loaders.map((loader) => loader.stalledForMs())) : 0,
    redisReady: () => redisReady(client),
    findings: () => diagnosisWatch.counts,
    streamsReason: async () => parts.serverWatch?.reason ?? strandedReason(client, partitions),
    redisUse: () => clientUse(client),
    readAccounting: async (tenant) => accountingOf(client, partitions, tenant),
    readLag: async () => lagReport(client, partitions, meter),
    readTenantLag: async (tenant) => tenantLagReport(client, partitions, meter, tenant),
    settle: async (timeoutMs, signal) => settle(client, partitions, { timeoutMs, signal }),
  });
  server.addHook("onClose", async () => pool.close());
  const streamWatch = new StreamWatch(client, telemetry, {
    partitions,
    intervalMs: config.watchIntervalMs,
    consumerIdleMs: config.consumerIdleMs,
  });
  const selfAudit = selfAuditOf(config, parts);
  return { loaders, server, eraser, streamWatch, diagnosisWatch, selfAudit };
}

function erasuresOf(config: ReportsConfig, parts: ServiceParts, eraser: Eraser): ErasureParts {
  const { client, engine, telemetry } = parts;
  const { partitions } = config;
  const appender = new EntryAppender(client, config.replicaWait);
  const countDeadLetters = async (): Promise<number> =>
    (await readLag(client, partitions)).reduce((sum, lag) => sum + lag.deadLetters, 0);
  return {
    keys: config.eraseKeys,
    storedKeys: guardedKeys(config.isEraseOpen, parts, parts.storedEraseKeys),
    ask: async (person) => {
      const asked = await askErasure(
        { engine, telemetry, appender, partitions, countDeadLetters },
        person,
      );
      eraser.wake();
      return asked;
    },
  };
}

function eraserOf(config: ReportsConfig, parts: ServiceParts): Eraser {
  const { client, engine, telemetry } = parts;
  const { partitions } = config;
  return new Eraser({
    engine,
    telemetry,
    gatherMs: config.erasureGatherMs,
    tellErased: async (tenant, conversions) =>
      noteErasedConversions(
        client,
        tenant,
        conversions.map((of) => ({ id: of.id, key: conversionKey({ tenant, ...of }) })),
      ),
    settle: async (signal) => settle(client, partitions, { timeoutMs: ERASE_SETTLE_MS, signal }),
  });
}

function loadersOf(config: ReportsConfig, parts: ServiceParts, eraser: Eraser): Loader[] {
  const { client, engine, telemetry } = parts;
  const { partitions } = config;
  const metrics = createMetrics(telemetry.metrics, ["tributary_groups_mended_total"]);
  return (["facts", "results"] as const).map((stream) => {
    const feed = new WarehouseFeed(client, {
      partitions,
      consumer: parts.consumer,
      maxEntries: config.loadMaxEntries,
      maxReadBytes: config.loadMaxReadBytes,
      streams: [stream],
      onMended: mendedReporter(
        telemetry.logger,
        metrics.tributary_groups_mended_total,
        WAREHOUSE_GROUP,
      ),
    });
    const { loadIntervalMs: intervalMs } = config;
    const onErasing = (): void => eraser.wake();
    return new Loader(feed, engine, telemetry, {
      intervalMs,
      seed: parts.seed,
      onErasing,
      ...(parts.claim === undefined ? {} : { isHeld: parts.claim.isHeld }),
      ...(parts.onWarehouseLost === undefined ? {} : { onLost: parts.onWarehouseLost }),
    });
  });
}

function selfAuditOf(config: ReportsConfig, parts: ServiceParts): SelfAudit {
  const { client, engine, telemetry } = parts;
  const { partitions } = config;
  return new SelfAudit(
    {
      engine,
      telemetry,
      settings: config.settings,
      readAccounting: async (tenant) => accountingOf(client, partitions, tenant),
      settle: async (signal) => settle(client, partitions, { timeoutMs: AUDIT_SETTLE_MS, signal }),
      random: Math.random,
    },
    config.selfAudit,
  );
}

/** What bounds questions and probes. */
function boundsOf(config: ReportsConfig) {
  const { maxQuestions: running, maxQuestionsWaiting: waiting, queryTimeoutMs } = config;
  const isQueue = config.clickhouseUrl === undefined;
  return {
    questions: { running, waiting, waitMs: queryTimeoutMs },
    engineStallMs: isQueue ? 2 * queryTimeoutMs : SERVER_STALL_MS,
    maxExports: config.maxExports,
  };
}

/** Who is let in: keys, and what is asked without one. */
function accessOf(config: ReportsConfig, parts: ServiceParts) {
  const { readKeys, knownHosts, keyFailures, trustedProxies } = config;
  return {
    readKeys,
    storedKeys: parts.storedKeys,
    knownHosts,
    keyFailures,
    trustedProxies,
    importKeys: {
      keys: config.importKeys,
      storedKeys: guardedKeys(config.isImportOpen, parts, parts.storedImportKeys),
    },
    operateKeys: {
      keys: config.operateKeys,
      storedKeys: guardedKeys(false, parts, parts.storedOperateKeys),
    },
  };
}

/** Keys in Redis of a right that is more than reading: who needs a key to read needs one for it. */
function guardedKeys(
  isOpen: boolean,
  { storedKeys }: ServiceParts,
  stored: StoredKeys | undefined,
): StoredKeys {
  return {
    get closed() {
      return !isOpen || storedKeys?.closed === true || stored?.closed === true;
    },
    tenantOf: (hash) => stored?.tenantOf(hash),
  };
}

async function accountingOf(
  client: RedisClient,
  partitions: number,
  tenant: string,
): Promise<Accounting> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const books = await readBooks(client, all);
  const lags = await readLag(client, partitions);
  return {
    accounts: totalBooks(books.tenants.filter((of) => of.tenant === tenant)),
    waiting:
      lags.some(({ outbox }) => outbox.entries > 0) ||
      lags
        .flatMap((lag) => [lag, lag.warehouse])
        .some(({ undelivered, pending }) => undelivered + pending > 0),
  };
}
