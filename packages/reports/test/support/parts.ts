import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTelemetryConfig, startTelemetry, type Telemetry } from "@tributary/telemetry";
import { migrate, openWarehouse, type WarehouseEngine } from "@tributary/warehouse";
import { AttributionAnswers } from "../../src/attribution/attribution-answers.ts";
import type { Computer } from "../../src/attribution/attribution.ts";
import { FactsComputer } from "../../src/compute/facts-computer.ts";
import { creditPaths } from "../../src/compute/path-credits.ts";
import { EVERYBODY } from "@tributary/tenants";
import { ImportFiles } from "../../src/imports/import-files.ts";
import { ImportLedger } from "../../src/imports/import-ledger.ts";
import type { ErasureParts, KeyParts, ServerParts } from "../../src/http/parts.ts";
import { DEFAULT_REPORT_SETTINGS, SettingsByTenant } from "../../src/question/settings.ts";

/** Telemetry that exports nothing and keeps its log lines. */
export function quietTelemetry(): { telemetry: Telemetry; logged: () => string[] } {
  const lines: string[] = [];
  const telemetry = startTelemetry({
    serviceName: "tributary-reports",
    serviceVersion: "0",
    instanceId: "test",
    config: readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none" }),
    logDestination: { write: (line: string) => void lines.push(line) },
  });
  const logged = () =>
    lines.map((line) => {
      const { level, msg } = JSON.parse(line) as { level: string; msg: string };
      return `${level}: ${msg}`;
    });
  return { telemetry, logged };
}

/** Computes where it is called. */
export function localComputer(): Computer {
  const facts = new FactsComputer(1);
  return {
    credit: async (task) => creditPaths(task),
    takeTouches: async (task) => facts.take(task),
    recompute: async (task) => facts.run(task),
  };
}

/** Answers over a warehouse; all is complete up to a time. */
export function attributionAnswers(
  engine: WarehouseEngine,
  telemetry: Telemetry,
  completeUpTo: () => number | undefined = () => 0,
): AttributionAnswers {
  return new AttributionAnswers({
    engine,
    telemetry,
    computer: localComputer(),
    settings: new SettingsByTenant(DEFAULT_REPORT_SETTINGS, EVERYBODY),
    cache: { maxAnswers: 16, maxBytes: 1 << 20 },
    completeUpTo: async () => completeUpTo(),
  });
}

/** A migrated chDB in a new folder. One a process: so one a test file. */
export async function temporaryWarehouse(): Promise<{
  engine: WarehouseEngine;
  remove: () => Promise<void>;
}> {
  const dataDir = await mkdtemp(join(tmpdir(), "tributary-reports-"));
  const engine = await openWarehouse({ dataDir }, { queryTimeoutMs: 10_000 });
  await migrate(engine);
  return {
    engine,
    remove: async () => {
      await engine.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Parts of a server without keys, where nothing waits. @param more instead of these */
export function serverParts(
  engine: WarehouseEngine,
  telemetry: Telemetry,
  more: Partial<ServerParts> = {},
): ServerParts {
  const ledger = new ImportLedger(engine, () => undefined);
  return {
    engine,
    telemetry,
    attribution: attributionAnswers(engine, telemetry),
    readKeys: new Map(),
    knownHosts: new Set(),
    erasures: noErasures,
    ledger,
    importFiles: new ImportFiles(ledger, {
      keptBytes: 1 << 20,
      keptMs: 60_000,
      gatewayUrl: undefined,
      limits: { maxEventBytes: 32_768, maxFutureMs: 86_400_000 },
      maxCommits: 1,
      maxFileBytes: 1 << 16,
    }),
    importKeys: openKeys,
    operateKeys: openKeys,
    keyFailures: 0,
    trustedProxies: [],
    questions: { running: 16, waiting: 64, waitMs: 10_000 },
    engineStallMs: 2000,
    maxExports: 1,
    loadStallMs: 1000,
    stalledForMs: () => 0,
    redisReady: () => true,
    redisUse: () => ({ connections: 1, commands: 2 }),
    readAccounting: async () => Promise.reject(new Error("not asked here")),
    readLag: async () => Promise.reject(new Error("not asked here")),
    readTenantLag: async () => Promise.reject(new Error("not asked here")),
    settle: async () => true,
    ...more,
  };
}

/** No key is needed. */
const openKeys: KeyParts = {
  keys: new Map(),
  storedKeys: { closed: false, tenantOf: () => undefined },
};

/** Of servers that are not asked to erase anybody. */
export const noErasures: ErasureParts = {
  ...openKeys,
  ask: async () => {
    throw new Error("nobody is erased here");
  },
};
