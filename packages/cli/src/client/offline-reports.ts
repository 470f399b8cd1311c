import { existsSync } from "node:fs";
import { CliError, describeError } from "../errors.ts";
import { reportSchema, type AttributionReport, type ReportQuestion } from "./report-types.ts";

/**
 * Answers from the warehouse of a data folder, while no platform runs on it.
 * @throws CliError `no_platform` where the folder has none, `refused` where it cannot be opened or read
 */
export async function askOffline(
  dataDir: string,
  question: ReportQuestion,
): Promise<AttributionReport> {
  // Loaded when needed only: it brings the database engine along.
  const { openReports, warehouseFolder } = await import("@tributary/reports");
  if (!existsSync(warehouseFolder(dataDir))) {
    throw new CliError(
      "no_platform",
      `no platform runs on ${dataDir}, and the folder holds no reports; start one with \`tributary up\`, name another folder with --data, or give --url with the address of its reports`,
    );
  }
  try {
    const reports = await openReports(dataDir);
    try {
      return reportSchema.parse(await reports.attribution(question));
    } finally {
      await reports.close();
    }
  } catch (error) {
    throw new CliError(
      "refused",
      `the reports in ${dataDir} cannot be read: ${describeError(error)}`,
    );
  }
}
