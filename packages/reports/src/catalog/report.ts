/** How a report of the catalog is declared. */
import { DIMENSION_FIELDS } from "@tributary/protocol";
import type { WarehouseEngine } from "@tributary/warehouse";
import type { z } from "zod";
import { readParameters, type QuestionParameters } from "../question/parameters.ts";
import { dimensions, format } from "../question/report-parameters.ts";
import type { ReportSettings } from "../question/settings.ts";

/** What a report is computed from. */
export interface ReportContext {
  readonly engine: WarehouseEngine;
  readonly tenant: string;
  readonly settings: ReportSettings;
  /** The clock, ms since 1970. */
  readonly now: number;
}

/** An answer as its schema has it, but for the fields that a question names. */
export type AnswerOf<Schema extends z.ZodType> = Named<z.output<Schema>>;

/** One report: what it may be asked, what it answers, and how. */
export interface Report<Parameters extends z.ZodObject, Answer extends z.ZodType> {
  readonly summary: string;
  /** Without the format, which every report takes. */
  readonly parameters: Parameters;
  readonly answer: Answer;
  /** @throws ReportsError of status 400, WarehouseError */
  run(context: ReportContext, asked: z.output<Parameters>): Promise<AnswerOf<Answer>>;
}

/** An answer's rows, of which every report has some. */
export interface RowsAnswer {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Any report of the catalog. */
export interface CatalogReport extends Pick<
  Report<z.ZodObject, z.ZodType>,
  "summary" | "parameters" | "answer"
> {
  run(context: ReportContext, asked: Readonly<Record<string, unknown>>): Promise<RowsAnswer>;
}

/** Names a touchpoint bears, that rows are grouped by. */
export const byTouch = dimensions(DIMENSION_FIELDS, "channel");

/** Declares a report: its types follow from its schemas. */
export function report<Parameters extends z.ZodObject, Answer extends z.ZodType>(
  declared: Report<Parameters, Answer>,
): Report<Parameters, Answer> {
  return declared;
}

/** What a report may be asked, with the format. */
export function parametersOf({ parameters }: CatalogReport) {
  return parameters.extend({ format });
}

/**
 * Answers a report.
 * @param given the parameters as text
 * @throws ReportsError of status 400, WarehouseError
 */
export async function answerReport(
  catalogReport: CatalogReport,
  context: ReportContext,
  given: QuestionParameters,
): Promise<RowsAnswer> {
  return catalogReport.run(context, readParameters(parametersOf(catalogReport), given));
}

/** Without the fields of a type that have no name in it; read-only all the way down. */
type Named<T> = T extends readonly (infer Item)[]
  ? readonly Named<Item>[]
  : T extends object
    ? { readonly [Name in keyof T as string extends Name ? never : Name]: Named<T[Name]> }
    : T;
