import { MODEL_NAMES, type ModelName } from "@tributary/attribution";
import { DIMENSION_FIELDS, formatDecimal, type DimensionField } from "@tributary/protocol";
import { decimalUnits, touchText, validAttributions } from "./attribution-sql.ts";
import type { QueryParameters, WarehouseEngine } from "./engine.ts";
import { WarehouseError } from "./errors.ts";

/** What a report may be grouped by. */
export const REPORT_DIMENSIONS: readonly DimensionField[] = DIMENSION_FIELDS;
/** Dimensions that one report may combine. */
export const MAX_REPORT_DIMENSIONS = 2;
/** Rows that one report may have. */
export const MAX_REPORT_ROWS = 50_000;
/** Different paths that one report may be about. */
export const MAX_REPORT_PATHS = 500_000;
/** The channel of conversions that no touchpoint led to. */
export const UNATTRIBUTED = "unattributed";
/** What stands for a dimension that a touchpoint does not have. */
export const NO_VALUE = "(none)";

/** A question about a tenant's conversions: one revision of each, the valid one. */
export interface AttributionQuestion {
  readonly tenant: string;
  /** In the order in which the answer has them. */
  readonly models: readonly ModelName[];
  /** One or two different ones. */
  readonly by: readonly DimensionField[];
  /** Conversion time, ms since 1970, inclusive. */
  readonly from?: number;
  /** Conversion time, ms since 1970, exclusive. */
  readonly to?: number;
  /**
   * Only what was attributed by then, ms since 1970, inclusive: revisions that came later do not count, nor do
   * conversions whose first result did.
   */
  readonly asOf?: number;
  /** Whether the answer has the conversions' paths as well. */
  readonly withPaths?: boolean;
}

/** Conversions in one currency that took the same path. */
export interface ConvertingPath {
  /** Of each touchpoint, in path order, what {@link touchDimensions} reads; empty without a touchpoint. */
  readonly path: readonly string[];
  readonly currency: string;
  readonly conversions: number;
  /** Net value, in units of 10^-12. */
  readonly value: bigint;
}

/** What one group earned under one model, in one currency. */
export interface AttributionRow extends Partial<Readonly<Record<DimensionField, string>>> {
  readonly model: ModelName;
  /** Conversions credited: a sum of shares. */
  readonly conversions: number;
  /** Exact decimal text. */
  readonly value: string;
  /** ISO 4217, or "" for conversions without one. */
  readonly currency: string;
}

/** All conversions that the report is about, whatever its models and dimensions. */
export interface AttributionTotals {
  readonly conversions: number;
  readonly attributed: number;
  readonly unattributed: number;
  /** Net values as exact decimal text, by currency. */
  readonly value: readonly { readonly currency: string; readonly value: string }[];
}

export interface AttributionReport {
  /** As in the question. */
  readonly asOf?: number;
  readonly rows: readonly AttributionRow[];
  readonly totals: AttributionTotals;
}

/** A report, and the paths of the conversions that it is about. */
export interface AttributionAnswer {
  readonly report: AttributionReport;
  /** Empty where they were not asked for. */
  readonly paths: readonly ConvertingPath[];
}

interface GroupRow {
  readonly model: string;
  /** The dimensions asked for, in their order. */
  readonly dim0: string;
  readonly dim1?: string;
  readonly currency: string;
  readonly unattributed: number;
  /** Of the model "" where paths were asked for. */
  readonly path?: readonly string[];
  readonly conversions: string;
  readonly value: string;
}

/**
 * Answers who earned how much. Every model's rows sum to exactly the totals, and so do the paths, because one scan gives
 * all: each conversion brings one more credit of its whole, under the model "".
 * Cost: 200,000 conversions of five touchpoints, a fifth of them revised, under six models take 0.2–0.3 s on two
 * cores, as of a time no longer.
 * @throws WarehouseError `report_too_large` over {@link MAX_REPORT_ROWS}, `query_timeout`, `query_failed`, `unavailable`
 */
export async function attributionReport(
  engine: WarehouseEngine,
  question: AttributionQuestion,
): Promise<AttributionAnswer> {
  const groups = await engine.query<GroupRow>(reportSql(question), parametersOf(question));
  const { asOf, withPaths = false } = question;
  const rows = groups.filter(({ model }) => model !== "");
  if (groups.length > MAX_REPORT_ROWS && (!withPaths || rows.length > MAX_REPORT_ROWS)) {
    throw new WarehouseError(
      "report_too_large",
      `the report has more than ${MAX_REPORT_ROWS} rows; ask for fewer models or dimensions, or a shorter range`,
    );
  }
  if (groups.length - rows.length > MAX_REPORT_PATHS) throw tooManyPaths();
  return {
    report: {
      ...(asOf === undefined ? {} : { asOf }),
      rows: rowsOf(question, rows),
      totals: totalsOf(groups),
    },
    paths: withPaths ? pathsOf(groups) : [],
  };
}

/** The error for a report about more than {@link MAX_REPORT_PATHS} paths. */
export function tooManyPaths(): WarehouseError {
  return new WarehouseError(
    "report_too_large",
    `the journeys take more than ${MAX_REPORT_PATHS} different paths; ask by one dimension with fewer values, or for a shorter range`,
  );
}

/** Only names from closed lists are written into the text; what a user gives is bound. */
function reportSql(question: AttributionQuestion): string {
  const fields = question.by.filter((field) => REPORT_DIMENSIONS.includes(field));
  const touches = fields.map((field) => `touch_${field}`);
  // Columns of their own, for dictionary codes are grouped faster than text.
  const dims = touches.map((column, i) => `${column}[touch_index] AS dim${i}`);
  const journey = question.withPaths === true ? "if(model = '', journey_path, []) AS path" : "";
  const limit = MAX_REPORT_ROWS + 1 + (journey === "" ? 0 : MAX_REPORT_PATHS);
  return `SELECT model, ${dims.join(", ")}, currency, touches = 0 AS unattributed,${journey === "" ? "" : ` ${journey},`}
  sum(credit) AS conversions, sum(credited) AS value
FROM (
  SELECT currency, touches, ${touches.map((column) => `${column}, `).join("")}
    ${journey === "" ? "" : `${touches.length === 1 ? `CAST(${touches.join("")}, 'Array(String)')` : `arrayMap((a, b) -> ${touchText(["a", "b"])}, ${touches.join(", ")})`} AS journey_path,`}
    arrayPushFront(credit_model, '') AS models, arrayPushFront(credit_touch, 0) AS touch_indexes,
    arrayPushFront(credit_share, toDecimal64(1, 12)) AS shares, arrayPushFront(credit_value, value) AS values
  FROM ${validAttributions(timeCondition(question), question.asOf !== undefined)}
)
ARRAY JOIN models AS model, touch_indexes AS touch_index, shares AS credit, values AS credited
WHERE model = '' OR has({models:Array(String)}, model)
GROUP BY model, ${touches.map((_column, i) => `dim${i}`).join(", ")}, currency, unattributed${journey === "" ? "" : ", path"}
LIMIT ${limit}`;
}

function timeCondition(question: AttributionQuestion): string {
  const from = "conversion_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')";
  const to = "conversion_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')";
  return [question.from === undefined ? "" : from, question.to === undefined ? "" : to]
    .filter((condition) => condition !== "")
    .join(" AND ");
}

function parametersOf(question: AttributionQuestion): QueryParameters {
  return {
    tenant: question.tenant,
    models: question.models,
    ...(question.from === undefined ? {} : { from: question.from }),
    ...(question.to === undefined ? {} : { to: question.to }),
    ...(question.asOf === undefined ? {} : { as_of: question.asOf }),
  };
}

interface Earned {
  readonly model: ModelName;
  readonly dims: readonly string[];
  readonly currency: string;
  conversions: bigint;
  value: bigint;
}

function rowsOf(question: AttributionQuestion, groups: readonly GroupRow[]): AttributionRow[] {
  const earned = new Map<string, Earned>();
  for (const group of groups) {
    const model = MODEL_NAMES.find((name) => name === group.model);
    if (model === undefined) continue;
    const dims = question.by.map((field, i) => dimensionText(field, group, i));
    // Two groups become one where touchpoints lack the dimension and conversions lack touchpoints.
    const key = JSON.stringify([model, dims, group.currency]);
    const known = earned.get(key);
    const conversions = decimalUnits(group.conversions);
    const value = decimalUnits(group.value);
    if (known === undefined) {
      earned.set(key, { model, dims, currency: group.currency, conversions, value });
    } else {
      known.conversions += conversions;
      known.value += value;
    }
  }
  const order = question.models;
  const sorted = [...earned.values()].sort(
    (a, b) =>
      order.indexOf(a.model) - order.indexOf(b.model) ||
      compare(b.value, a.value) ||
      compare(b.conversions, a.conversions) ||
      compare(a.dims.join("\0"), b.dims.join("\0")) ||
      compare(a.currency, b.currency),
  );
  return sorted.map((row) => ({
    model: row.model,
    ...Object.fromEntries(question.by.map((field, i) => [field, row.dims[i] ?? NO_VALUE])),
    conversions: Number(formatDecimal(row.conversions)),
    value: formatDecimal(row.value),
    currency: row.currency,
  }));
}

function dimensionText(field: DimensionField, group: GroupRow, index: number): string {
  if (group.unattributed === 1) return field === "channel" ? UNATTRIBUTED : NO_VALUE;
  const text = index === 0 ? group.dim0 : group.dim1;
  return text === undefined || text === "" ? NO_VALUE : text;
}

function pathsOf(groups: readonly GroupRow[]): ConvertingPath[] {
  return groups
    .filter(({ model }) => model === "")
    .map(({ path = [], currency, conversions, value }) => ({
      path,
      currency,
      conversions: Number(conversions),
      value: decimalUnits(value),
    }));
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function totalsOf(groups: readonly GroupRow[]): AttributionTotals {
  let attributed = 0;
  let unattributed = 0;
  const values = new Map<string, bigint>();
  for (const group of groups) {
    if (group.model !== "") continue;
    if (group.unattributed === 1) unattributed += Number(group.conversions);
    else attributed += Number(group.conversions);
    const value = (values.get(group.currency) ?? 0n) + decimalUnits(group.value);
    values.set(group.currency, value);
  }
  const sorted = [...values].sort(([a], [b]) => compare(a, b));
  return {
    conversions: attributed + unattributed,
    attributed,
    unattributed,
    value: sorted
      .filter(([currency, value]) => currency !== "" || value !== 0n)
      .map(([currency, value]) => ({ currency, value: formatDecimal(value) })),
  };
}
