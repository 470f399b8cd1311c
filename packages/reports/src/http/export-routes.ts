import { Readable } from "node:stream";
import {
  exportColumns,
  exportPages,
  exportParquet,
  EXPORTS,
  type ExportName,
  type ExportQuestion,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { z } from "zod";
import { ReportsError } from "../errors.ts";
import { rowsExactCsv, rowsNdjson } from "../formats/export-text.ts";
import { PARQUET_TYPE } from "../formats/parquet.ts";
import { asOf, formatOf, timeRange, timesOf, timeZone } from "../question/report-parameters.ts";
import { tenantOf } from "./access.ts";
import { documented, type ReportsServer } from "./open-api.ts";
import type { ServerParts } from "./parts.ts";

/** How an export is written. */
export const EXPORT_FORMATS = ["ndjson", "csv", "parquet"] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

const TYPES: Readonly<Record<ExportFormat, string>> = {
  ndjson: "application/x-ndjson",
  csv: "text/csv; charset=utf-8",
  parquet: PARQUET_TYPE,
};
/** What an export may be asked. */
export const exportParameters = z.strictObject({
  timeZone,
  ...timeRange,
  asOf,
  format: formatOf(EXPORT_FORMATS),
});
/** Later than any stored time, and of as many digits, ms since 1970: the year 2286. */
const END_OF_TIME = 9_999_999_999_999;
/** An export that cannot send for this long is ended: its client is gone, and others wait. */
const STALLED_MS = 60_000;

/**
 * The question of an export.
 * @param completeUpTo up to when all is loaded, ms since 1970 @param now the clock @param tenantZone the tenant's time zone
 * @throws ReportsError of status 400, `unavailable`
 */
export function exportQuestion(
  asked: z.output<typeof exportParameters>,
  completeUpTo: number,
  now: number,
  tenantZone: string,
): Omit<ExportQuestion, "tenant"> {
  const { asOf: known, ...range } = timesOf(asked, now, asked.timeZone ?? tenantZone);
  if (completeUpTo === 0) {
    throw new ReportsError(
      "unavailable",
      "Redis is unavailable: the time up to which events are complete is not known yet",
    );
  }
  // Rows that are loaded while pages are read would be in some pages and not in others.
  const last = Math.min(completeUpTo, END_OF_TIME) - 1;
  return { ...range, asOf: Math.min(known ?? last, last) };
}

/** Opens an export in its format. @throws WarehouseError as the engine's query */
export async function openExport(
  engine: WarehouseEngine,
  name: ExportName,
  question: ExportQuestion,
  format: ExportFormat,
): Promise<Readable> {
  if (format === "parquet") return exportParquet(engine, name, question);
  return Readable.from(exportText(engine, name, question, format), { objectMode: false });
}

async function* exportText(
  engine: WarehouseEngine,
  name: ExportName,
  question: ExportQuestion,
  format: Exclude<ExportFormat, "parquet">,
): AsyncGenerator<string> {
  const columns = exportColumns(name);
  let isFirst = true;
  for await (const rows of exportPages(engine, name, question)) {
    yield format === "csv" ? rowsExactCsv(columns, rows, isFirst) : rowsNdjson(columns, rows);
    isFirst = false;
  }
  if (isFirst && format === "csv") yield rowsExactCsv(columns, [], true);
}

/** Everything that is stored of a tenant, as a stream. */
export function addExportRoutes(server: ReportsServer, parts: ServerParts): void {
  const { engine, attribution, maxExports } = parts;
  const running = new Set<symbol>();
  for (const name of EXPORTS) {
    server.get(
      `/v1/export/${name}`,
      documented({
        summary: `All stored ${name}; an answer that ends early is incomplete`,
        parameters: exportParameters,
        answer: z.object({
          rows: z.array(z.record(z.string(), z.unknown())).describe("in one of the other types"),
        }),
        formats: Object.values(TYPES),
      }),
      async (request, reply) => {
        const tenant = tenantOf(request);
        const completeUpTo = await attribution.completeUpTo();
        const { format } = request.query;
        const { timeZone: zone } = attribution.settings.of(tenant);
        const question = exportQuestion(request.query, completeUpTo, Date.now(), zone);
        if (running.size >= maxExports) {
          throw new ReportsError(
            "busy",
            `${running.size} exports are running, as many as TRIBUTARY_MAX_EXPORTS allows; ask again`,
          );
        }
        const place = Symbol(name);
        const leave = (): void => {
          running.delete(place);
        };
        running.add(place);
        let stream: Readable;
        try {
          stream = await openExport(engine, name, { tenant, ...question }, format);
        } catch (error) {
          leave();
          throw error;
        }
        // Read to its end or cancelled: the place is free for the next request at once.
        stream.once("end", leave).once("close", leave);
        stream.once("error", (error: unknown) => {
          parts.telemetry.logger.error(
            { err: error, export: name },
            "export failed, answer cut off",
          );
        });
        reply.raw.setTimeout(STALLED_MS, () => reply.raw.destroy());
        return reply
          .type(TYPES[format])
          .header("X-Tributary-As-Of", String(question.asOf))
          .send(stream);
      },
    );
  }
}
