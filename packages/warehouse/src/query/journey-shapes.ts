/** Reports on the shape of journeys: assisting groups, and time to convert. */
import type { Names } from "@tributary/attribution";
import { DIMENSION_FIELDS, formatDecimal, type DimensionField } from "@tributary/protocol";
import { decimalUnits, touchDimensions, touchText, validAttributions } from "./attribution-sql.ts";
import type { QueryParameters, WarehouseEngine } from "../engine/engine.ts";
import { namesParameters } from "./names-sql.ts";
import { NO_VALUE } from "./report-dimensions.ts";
import { MAX_REPORT_ROWS, tooManyRows } from "./report-queries.ts";

/** A time of conversions, and a time of knowledge; ms since 1970. */
export interface ShapeQuestion {
  readonly tenant: string;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly asOf?: number | undefined;
  /** The tenant's, where it has its own. */
  readonly names?: Names | undefined;
}

/** How often a group was first, last or assisting on a path. */
export interface AssistRow extends Partial<Readonly<Record<DimensionField, string>>> {
  /** ISO 4217, or "" for conversions without one. */
  readonly currency: string;
  /** Conversions whose first touchpoint was of the group. */
  readonly first: number;
  /** Conversions whose last touchpoint was of the group. */
  readonly last: number;
  /** Conversions on whose path it was, but not last. */
  readonly assisted: number;
  /** Net value of those, exact decimal text. */
  readonly assistedValue: string;
  /** Net value of the conversions whose last it was. */
  readonly lastValue: string;
}

export interface AssistReport {
  /** Most assisted first. */
  readonly rows: readonly AssistRow[];
  readonly totals: { readonly attributed: number; readonly unattributed: number };
}

/**
 * Counts the groups that led to conversions without being last.
 * @param by one or two different dimensions
 * @throws WarehouseError `report_too_large` over the rows of a report, and as the engine's query
 */
export async function assistedConversions(
  engine: WarehouseEngine,
  question: ShapeQuestion & { readonly by: readonly DimensionField[] },
): Promise<AssistReport> {
  const { by } = question;
  const fields = by.filter((field) => DIMENSION_FIELDS.includes(field));
  const columns = fields.map((field) => `touch_${field}`);
  const path =
    columns.length === 1
      ? `CAST(${columns.join("")}, 'Array(String)')`
      : `arrayMap((a, b) -> ${touchText(["a", "b"])}, ${columns.join(", ")})`;
  const from = `FROM ${validAttributions(timeCondition(question), question.asOf !== undefined, question.names)}`;
  const rows = await engine.query<Record<string, string>>(
    `SELECT name, currency, countIf(name = path[1]) AS first, countIf(name = path[-1]) AS last,
  countIf(name != path[-1]) AS assisted, sumIf(value, name != path[-1]) AS assisted_value,
  sumIf(value, name = path[-1]) AS last_value
FROM (SELECT currency, value, ${path} AS path ${from} AND touches > 0)
ARRAY JOIN arrayDistinct(path) AS name
GROUP BY name, currency ORDER BY assisted DESC, last DESC, name, currency LIMIT ${MAX_REPORT_ROWS + 1}`,
    parametersOf(question),
  );
  if (rows.length > MAX_REPORT_ROWS) throw tooManyRows();
  const [totals] = await engine.query<Record<string, string>>(
    `SELECT countIf(touches > 0) AS attributed, countIf(touches = 0) AS unattributed ${from}`,
    parametersOf(question),
  );
  return {
    rows: rows.map((row) => {
      const names = touchDimensions(row["name"] ?? "", by.length);
      return {
        ...Object.fromEntries(by.map((field, i) => [field, names[i] || NO_VALUE])),
        currency: row["currency"] ?? "",
        first: Number(row["first"]),
        last: Number(row["last"]),
        assisted: Number(row["assisted"]),
        assistedValue: formatDecimal(decimalUnits(row["assisted_value"] ?? "0")),
        lastValue: formatDecimal(decimalUnits(row["last_value"] ?? "0")),
      };
    }),
    totals: {
      attributed: Number(totals?.["attributed"] ?? 0),
      unattributed: Number(totals?.["unattributed"] ?? 0),
    },
  };
}

/** Conversions that took so many whole days from their first touchpoint, or so many touchpoints. */
export interface LengthRow {
  readonly measure: "days" | "touchpoints";
  readonly length: number;
  readonly conversions: number;
}

export interface TimeToConvertReport {
  /** By days, then by touchpoints, each from short to long. */
  readonly rows: readonly LengthRow[];
  readonly totals: {
    readonly attributed: number;
    /** Conversions without a touchpoint: they have no time to measure. */
    readonly unattributed: number;
    /** From the first touchpoint to the conversion, ms; exact quantiles, null where nothing was attributed. */
    readonly medianMs: number | null;
    readonly p90Ms: number | null;
    readonly medianTouchpoints: number | null;
    readonly p90Touchpoints: number | null;
  };
}

/** Measures how long conversions took. @throws WarehouseError as the engine's query */
export async function timeToConvert(
  engine: WarehouseEngine,
  question: ShapeQuestion,
): Promise<TimeToConvertReport> {
  const parameters = parametersOf(question);
  const source = `(
  SELECT touches, toUnixTimestamp64Milli(conversion_time) - if(touches = 0, toUnixTimestamp64Milli(conversion_time), toUnixTimestamp64Milli(touch_time[1])) AS ms
  FROM ${validAttributions(timeCondition(question), question.asOf !== undefined)}
)`;
  const rows = await engine.query<Record<string, string>>(
    `SELECT measure, length, count() AS conversions FROM ${source}
ARRAY JOIN ['days', 'touchpoints'] AS measure, [intDiv(ms, 86400000), toInt64(touches)] AS length
WHERE touches > 0 GROUP BY measure, length ORDER BY measure, length`,
    parameters,
  );
  const [totals] = await engine.query<Record<string, string | number>>(
    `SELECT countIf(touches > 0) AS attributed, countIf(touches = 0) AS unattributed,
  quantileExactIf(0.5)(ms, touches > 0) AS median_ms, quantileExactIf(0.9)(ms, touches > 0) AS p90_ms,
  quantileExactIf(0.5)(touches, touches > 0) AS median_touches, quantileExactIf(0.9)(touches, touches > 0) AS p90_touches
FROM ${source}`,
    parameters,
  );
  const attributed = Number(totals?.["attributed"] ?? 0);
  const figure = (name: string): number | null =>
    attributed === 0 ? null : Number(totals?.[name]);
  return {
    rows: rows.map((row) => ({
      measure: row["measure"] === "days" ? "days" : "touchpoints",
      length: Number(row["length"]),
      conversions: Number(row["conversions"]),
    })),
    totals: {
      attributed,
      unattributed: Number(totals?.["unattributed"] ?? 0),
      medianMs: figure("median_ms"),
      p90Ms: figure("p90_ms"),
      medianTouchpoints: figure("median_touches"),
      p90Touchpoints: figure("p90_touches"),
    },
  };
}

function timeCondition({ from, to }: ShapeQuestion): string {
  return [
    ...(from === undefined
      ? []
      : ["conversion_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"]),
    ...(to === undefined ? [] : ["conversion_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"]),
  ].join(" AND ");
}

function parametersOf({ tenant, from, to, asOf, names }: ShapeQuestion): QueryParameters {
  return {
    ...namesParameters(names),
    tenant,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { as_of: asOf }),
  };
}
