import { existsSync } from "node:fs";
import type { ExportName } from "@tributary/warehouse";
import type { Readable } from "node:stream";
import type { OfflineReports, ReportName, RowsAnswer } from "@tributary/reports";
import { describeError } from "@tributary/platform/errors";
import { CliError } from "../errors.ts";
import {
  auditSchema,
  conversionSchema,
  reportSchema,
  type AttributionReport,
  type Audit,
  type Conversion,
} from "@tributary/reports/answers";
import type { ReportQuestion } from "./report-question.ts";

/**
 * Answers from the warehouse of a data folder, while no platform runs on it.
 * @throws CliError `no_platform` where the folder has none, `refused` where it cannot be opened or read
 */
export async function askOffline(
  dataDir: string,
  question: ReportQuestion,
): Promise<AttributionReport> {
  return read(dataDir, async (reports) => reportSchema.parse(await reports.attribution(question)));
}

/**
 * Finds a conversion in the warehouse of a data folder, while no platform runs on it.
 * @param state `asOf` and `timeZone`, as the reports service takes them
 * @throws as {@link askOffline}, and `refused` where there is no such conversion
 */
export async function findOffline(
  dataDir: string,
  idOrOrderId: string,
  state: Readonly<Record<string, string>>,
): Promise<Conversion> {
  return read(dataDir, async (reports) =>
    conversionSchema.parse(await reports.conversion(idOrOrderId, state)),
  );
}

/**
 * Audits the warehouse of a data folder, while no platform runs on it.
 * @param maxDifferences that are described @throws as {@link askOffline}
 */
export async function auditOffline(dataDir: string, maxDifferences: number): Promise<Audit> {
  return read(dataDir, async (reports) =>
    auditSchema.parse(await reports.audit({ maxDifferences })),
  );
}

/**
 * Answers a report beside attribution from the warehouse of a data folder, while no platform runs on it.
 * @param parameters as the reports service takes them @throws as {@link askOffline}
 */
export async function journeyReportOffline(
  dataDir: string,
  name: ReportName,
  parameters: Readonly<Record<string, string>>,
): Promise<RowsAnswer> {
  return read(dataDir, async (reports) => reports.report(name, parameters));
}

/**
 * A report from the warehouse of a data folder as a Parquet file, while no platform runs on it.
 * @throws as {@link askOffline}
 */
export async function parquetOffline(dataDir: string, question: ReportQuestion): Promise<Buffer> {
  return read(dataDir, async (reports) => reports.attributionParquet(question));
}

/** As {@link journeyReportOffline}, as a Parquet file. */
export async function journeyReportParquetOffline(
  dataDir: string,
  name: ReportName,
  parameters: Readonly<Record<string, string>>,
): Promise<Buffer> {
  return read(dataDir, async (reports) => reports.reportParquet(name, parameters));
}

/**
 * Exports from the warehouse of a data folder, while no platform runs on it.
 * @param parameters as the reports service takes them @param save takes the stream to its end @throws as {@link askOffline}
 */
export async function exportOffline(
  dataDir: string,
  name: ExportName,
  parameters: Readonly<Record<string, string>>,
  save: (stream: Readable) => Promise<void>,
): Promise<void> {
  return read(dataDir, async (reports) => save(await reports.export(name, parameters)));
}

async function read<T>(dataDir: string, ask: (reports: OfflineReports) => Promise<T>): Promise<T> {
  // Imported here because it loads the database engine.
  const { openReports, ReportsError, warehouseFolder } = await import("@tributary/reports");
  if (!existsSync(warehouseFolder(dataDir))) {
    throw new CliError(
      "no_platform",
      `no platform runs on ${dataDir}, and the folder holds no reports; start one with \`tributary up\`, name another folder with --data, or give --url with the address of its reports`,
    );
  }
  try {
    const reports = await openReports(dataDir);
    try {
      return await ask(reports);
    } finally {
      await reports.close();
    }
  } catch (error) {
    // The question is wrong, not the folder.
    if (error instanceof ReportsError) throw new CliError("refused", error.message);
    if (error instanceof CliError) throw error;
    throw new CliError(
      "refused",
      `the reports in ${dataDir} cannot be read: ${describeError(error)}`,
    );
  }
}
