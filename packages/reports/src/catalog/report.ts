/** How a report of the catalog is declared. */
import type { Names } from "@tributary/attribution";
import { DIMENSION_FIELDS } from "@tributary/protocol";
import type { WarehouseEngine } from "@tributary/warehouse";
import type { z } from "zod";
import { answeredTimes, type AnsweredTimes } from "../answers/fields.ts";
import { spelled, spellings } from "../answers/spellings.ts";
import { readParameters, type QuestionParameters } from "../question/parameters.ts";
import {
  asOf,
  dimensions,
  format,
  timeRange,
  timesOf,
  timeZone,
  type Times,
} from "../question/report-parameters.ts";
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

/** Times that a report is asked for, in a zone. */
const TIMES = { timeZone, ...timeRange, asOf };

/** What a declaration gets of them: instants, and the zone that they were read in; and the tenant's names, where it has its own. */
interface ReadTimes extends Times {
  /** IANA name. */
  readonly timeZone: string;
  readonly names: Names | undefined;
}

/** One report as it is declared: what it may be asked, what it answers, and how. */
interface Declared<Parameters extends z.ZodObject, Answer extends z.ZodObject> {
  readonly summary: string;
  /** Beside the times and the format, which every report takes. */
  readonly parameters: Parameters;
  /** Beside the times, and names in several spellings, which every report answers. */
  readonly answer: Answer;
  /** @throws ReportsError of status 400, WarehouseError */
  run(context: ReportContext, asked: z.output<Parameters> & ReadTimes): Promise<AnswerOf<Answer>>;
}

/** One report, with the times that every report takes and answers. */
interface Report<Parameters extends z.ZodObject, Answer extends z.ZodObject> {
  readonly summary: string;
  /** Without the format. */
  readonly parameters: z.ZodObject;
  readonly answer: z.ZodObject;
  /** @throws ReportsError of status 400, WarehouseError */
  run(
    context: ReportContext,
    asked: z.output<Parameters> & z.output<z.ZodObject<typeof TIMES>>,
  ): Promise<AnswerOf<Answer> & AnsweredTimes>;
}

/** An answer's rows, of which every report has some, and the times that they are of: rates have none. */
export interface RowsAnswer extends Partial<AnsweredTimes> {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

/** Any report of the catalog. */
export interface CatalogReport extends Pick<
  Report<z.ZodObject, z.ZodObject>,
  "summary" | "parameters" | "answer"
> {
  run(context: ReportContext, asked: Readonly<Record<string, unknown>>): Promise<RowsAnswer>;
}

/** Names a touchpoint bears, that rows are grouped by. */
export const byTouch = dimensions(DIMENSION_FIELDS, "channel");

/**
 * Declares a report: its types follow from its schemas. Times without an offset are read in the question's time zone, else in the
 * tenant's; the answer names the zone and the times.
 */
export function report<Parameters extends z.ZodObject, Answer extends z.ZodObject>(
  declared: Declared<Parameters, Answer>,
): Report<Parameters, Answer> {
  return {
    summary: declared.summary,
    parameters: declared.parameters.extend(TIMES),
    answer: declared.answer.extend({ ...answeredTimes, ...spellings }),
    async run(context, asked) {
      const { timeZone: zone = context.settings.timeZone } = asked;
      const times = { timeZone: zone, ...timesOf(asked, context.now, zone) };
      const { names } = context.settings.channels ?? {};
      // Each time that was asked for is replaced by its instant.
      const read = { ...asked, ...times, names } as z.output<Parameters> & ReadTimes;
      const answer = await declared.run(context, read);
      const { rows = [] } = answer as Partial<RowsAnswer>;
      const { by = [] } = asked as { readonly by?: readonly string[] };
      return { ...times, ...answer, ...spelled(rows, by) };
    },
  };
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
