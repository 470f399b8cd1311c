import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Readable } from "node:stream";
import {
  type Adoption,
  migrate,
  newestArrival,
  openWarehouse,
  storeAdoption,
  type WarehouseLocation,
  type EngineLimits,
  type ExportName,
} from "@tributary/warehouse";
import { OPEN_TENANT } from "@tributary/service";
import {
  answerAttribution,
  type CompleteAttribution,
  type Computer,
} from "./attribution/attribution.ts";
import { audit, type AuditReport } from "./catalog/audit.ts";
import { readReportSettings } from "./config.ts";
import { type FoundConversion, requireConversion } from "./catalog/conversion.ts";
import { exportParameters, exportQuestion, openExport } from "./http/export-routes.ts";
import { FactsComputer } from "./compute/facts-computer.ts";
import { CATALOG, type ReportName } from "./catalog/catalog.ts";
import { answerReport, type RowsAnswer } from "./catalog/report.ts";
import { creditPaths } from "./compute/path-credits.ts";
import { attributionParquet, rowsParquet } from "./formats/parquet.ts";
import { readParameters, type QuestionParameters } from "./question/parameters.ts";
import { parseQuestion } from "./question/question.ts";
import { conversionParameters, timesOf } from "./question/report-parameters.ts";

/** Folder of chDB inside the platform's data folder. */
const WAREHOUSE_FOLDER = "warehouse";

/** A question from a command line; {@link parseQuestion} reads its parameters. */
export interface OfflineQuestion {
  readonly models: readonly string[];
  readonly by: readonly string[];
  /** The service's other parameters by name. */
  readonly [parameter: string]: string | readonly string[] | undefined;
  /** Without it the tenant of a platform without keys. */
  readonly tenant?: string | undefined;
}

/** How a conversion is asked for. */
export interface ConversionQuestion {
  /** What was known then, as text. */
  readonly asOf?: string | undefined;
  /** Of `asOf`, where that has no offset; without it the tenant's. */
  readonly timeZone?: string | undefined;
  /** Without it the tenant of a platform without keys. */
  readonly tenant?: string | undefined;
}

/** Reports without a running platform. */
export interface OfflineReports {
  /** @throws ReportsError of status 400 for a question that cannot be answered, WarehouseError */
  attribution(question: OfflineQuestion): Promise<CompleteAttribution>;
  /** The report's rows as a Parquet file. @throws as {@link attribution} */
  attributionParquet(question: OfflineQuestion): Promise<Buffer>;
  /** @throws ReportsError `not_found`, or of status 400; WarehouseError */
  conversion(idOrOrderId: string, question?: ConversionQuestion): Promise<FoundConversion>;
  /**
   * @param parameters as the service's path of that name takes them
   * @throws ReportsError of status 400, WarehouseError
   */
  report(name: ReportName, parameters: QuestionParameters, tenant?: string): Promise<RowsAnswer>;
  /** The report's rows as a Parquet file. @throws as {@link report} */
  reportParquet(name: ReportName, parameters: QuestionParameters, tenant?: string): Promise<Buffer>;
  /**
   * An export as a stream, see {@link openExport}. Read or destroy it before closing the reports.
   * @param parameters as the service's path of that name takes them
   * @throws ReportsError of status 400, WarehouseError
   */
  export(name: ExportName, parameters: QuestionParameters, tenant?: string): Promise<Readable>;
  /** @throws WarehouseError */
  audit(question: {
    readonly tenant?: string | undefined;
    readonly maxDifferences: number;
  }): Promise<AuditReport>;
  close(): Promise<void>;
}

/**
 * Has the next start of the reports service take this warehouse for its platform, though that was loaded into another one.
 * @param location a data folder on which no platform runs, or a ClickHouse server
 * @throws WarehouseError `data_dir_locked` where the platform runs, `unavailable`
 */
export async function adoptWarehouse(
  location: WarehouseLocation,
  adoption: Adoption,
): Promise<void> {
  const engine = await openWarehouse(
    location.dataDir === undefined ? location : { dataDir: warehouseFolder(location.dataDir) },
  );
  try {
    await migrate(engine);
    await storeAdoption(engine, adoption);
  } finally {
    await engine.close();
  }
}

/** Where chDB is in a data folder. */
export function warehouseFolder(dataDir: string): string {
  return join(dataDir, WAREHOUSE_FOLDER);
}

/**
 * Opens the warehouse of a platform that does not run, with the same queries as the service.
 * @throws WarehouseError `data_dir_locked` where the platform runs after all: ask its reports service instead
 */
export async function openReports(
  dataDir: string,
  limits: EngineLimits = { queryTimeoutMs: 30_000 },
): Promise<OfflineReports> {
  const settings = readReportSettings();
  const engine = await openWarehouse({ dataDir: warehouseFolder(dataDir) }, limits);
  await migrate(engine);
  const facts = new FactsComputer(randomBytes(6).readUIntBE(0, 6));
  // No other request waits for this process.
  const computer: Computer = {
    credit: async (task) => creditPaths(task),
    takeTouches: async (task) => facts.take(task),
    recompute: async (task) => facts.run(task),
  };
  const attribution = async ({ models, tenant = OPEN_TENANT, ...more }: OfflineQuestion) => {
    const { question } = parseQuestion({ model: models, ...more }, Date.now(), settings.of(tenant));
    const completeUpTo = await newestArrival(engine, tenant);
    const parts = { engine, computer, settings: settings.of(tenant) };
    return { ...(await answerAttribution(parts, { tenant, ...question })), completeUpTo };
  };
  const report = async (
    name: ReportName,
    parameters: QuestionParameters,
    tenant = OPEN_TENANT,
  ): Promise<RowsAnswer> => {
    const context = { engine, tenant, settings: settings.of(tenant), now: Date.now() };
    return answerReport(CATALOG[name], context, parameters);
  };
  return {
    attribution,
    attributionParquet: async (question) => attributionParquet(engine, await attribution(question)),
    async conversion(idOrOrderId, { tenant = OPEN_TENANT, ...more } = {}) {
      const asked = readParameters(conversionParameters, more);
      const rules = settings.of(tenant);
      const times = timesOf(asked, Date.now(), asked.timeZone ?? rules.timeZone);
      return requireConversion(engine, tenant, idOrOrderId, rules, times.asOf);
    },
    report,
    reportParquet: async (name, parameters, tenant) => {
      const { rows } = await report(name, parameters, tenant);
      return rowsParquet(engine, rows, CATALOG[name].answer);
    },
    async export(name, parameters, tenant = OPEN_TENANT) {
      // No service loads meanwhile, so everything stored is complete.
      const asked = readParameters(exportParameters, parameters);
      const { timeZone: zone } = settings.of(tenant);
      const question = exportQuestion(asked, Number.MAX_SAFE_INTEGER, Date.now(), zone);
      return openExport(engine, name, { tenant, ...question }, asked.format);
    },
    audit: async ({ tenant = OPEN_TENANT, maxDifferences }) =>
      audit(engine, { tenant, settings: settings.of(tenant), maxDifferences }),
    close: async () => engine.close(),
  };
}
