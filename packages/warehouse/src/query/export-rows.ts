/** Exports of a tenant's rows, page by page: memory is bounded, and the engine is free between two pages. */
import { DIMENSION_FIELDS } from "@tributary/protocol";
import type { Readable } from "node:stream";
import type { QueryParameters, WarehouseEngine } from "../engine/engine.ts";
import { CONVERSION_KEY, IS_COUNTED } from "./attribution-sql.ts";
import { ATTRIBUTIONS_TABLE, EVENTS_TABLE } from "../engine/schema.ts";

/** The exports. */
export const EXPORTS = ["events", "conversions", "credits"] as const;
export type ExportName = (typeof EXPORTS)[number];

/** A column of an export. Times are numbers of ms since 1970, and DateTime64(3) in Parquet. */
export interface ExportColumn {
  readonly name: string;
  readonly type: "text" | "json" | "decimal" | "time" | "integer";
  readonly description: string;
}

export interface ExportQuestion {
  readonly tenant: string;
  /** Range of the event's or the conversion's time, ms since 1970. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Only rows that were committed by then, ms since 1970. */
  readonly asOf: number;
}

/** A row by its columns' names: texts ("" for an absent one), exact decimal text, numbers. */
export type ExportRow = Readonly<Record<string, string | number | null>>;

/** Rows of a page, about. */
const PAGE_ROWS = 20_000;
/** Conversions that are counted to cut pages of credits. */
const PAGE_CONVERSIONS = 5000;

interface SqlColumn extends ExportColumn {
  readonly sql: string;
}

const column = (
  name: string,
  type: ExportColumn["type"],
  sql: string,
  description: string,
): SqlColumn => ({ name, type, sql, description });

const person = [
  column("userId", "text", "if(is_anonymous, '', user_key)", "of a known user"),
  column("anonymousId", "text", "if(is_anonymous, user_key, '')", "of a visitor who is not known"),
];
const revision = column("revision", "integer", "revision", "from 0, of the conversion's result");

/** The alias finds a column whose name the answer gives to another. */
const FACTS = `${EVENTS_TABLE} AS fact FINAL`;

/** Names and types of the event API, so that an export can be sent again. */
const EVENT_COLUMNS: readonly SqlColumn[] = [
  column("id", "text", "event_id", "the event's ID"),
  column("type", "text", "type", "the event's type"),
  column("time", "time", "fact.time", "when it happened"),
  column("userId", "text", "if(is_anonymous, '', user_key)", "as it was sent"),
  column("anonymousId", "text", "if(is_anonymous, user_key, anonymous_id)", "as it was sent"),
  ...DIMENSION_FIELDS.map((field) =>
    column(
      field,
      "text",
      field,
      field === "channel"
        ? "as it was sent, or as the rules named it"
        : "as it was sent, or by its URL",
    ),
  ),
  ...["name", "referrer", "url"].map((field) => column(field, "text", field, "as it was sent")),
  column("value", "decimal", "value", "as it was sent"),
  column("currency", "text", "currency", "ISO 4217"),
  column("orderId", "text", "order_id", "as it was sent"),
  column("properties", "json", "properties", "as it was sent"),
];

const CONVERSION_COLUMNS: readonly SqlColumn[] = [
  column("id", "text", "conversion_id", "the event's ID"),
  column("orderId", "text", "order_id", "its order"),
  column("name", "text", "name", "its name"),
  column("time", "time", "conversion_time", "when it happened"),
  ...person,
  column("value", "decimal", "value", "net of refunds"),
  column("currency", "text", "currency", "ISO 4217"),
  column("touchpoints", "integer", "touches", "on its path"),
  revision,
  column("reason", "text", "reason", "of the revision: first, late_touchpoint, refund, merge"),
  column("attributedAt", "time", "attributed_at", "when the revision was made"),
];

/** Columns of a row a credit. Touchpoint 0 stands for a conversion without a path. */
const CREDIT_COLUMNS: readonly SqlColumn[] = [
  column("conversionId", "text", "conversion_id", "the conversion's event ID"),
  column("orderId", "text", "order_id", "its order"),
  column("conversionTime", "time", "conversion_time", "when it happened"),
  ...person,
  revision,
  column("model", "text", "model", "who gives the credit"),
  column(
    "touchpoint",
    "integer",
    "touch_index",
    "place on the path, from 1; 0 where there is no path",
  ),
  column("touchpointId", "text", "touch_id[touch_index]", "its event ID"),
  column("touchpointType", "text", "touch_type[touch_index]", "impression, click or visit"),
  column(
    "touchpointTime",
    "time",
    "if(touch_index = 0, NULL, touch_time[touch_index])",
    "when it happened",
  ),
  ...DIMENSION_FIELDS.map((field) =>
    column(field, "text", `touch_${field}[touch_index]`, "of the touchpoint"),
  ),
  column("credit", "decimal", "share", "share of the conversion; they sum to 1 a model"),
  column("value", "decimal", "credited", "share of its value; they sum to it a model"),
  column("currency", "text", "currency", "ISO 4217"),
];

const COLUMNS: Readonly<Record<ExportName, readonly SqlColumn[]>> = {
  events: EVENT_COLUMNS,
  conversions: CONVERSION_COLUMNS,
  credits: CREDIT_COLUMNS,
};

/** The columns of an export, in order. */
export function exportColumns(name: ExportName): readonly ExportColumn[] {
  return COLUMNS[name];
}

/**
 * Reads an export in pages, by person and time (events) or by conversion. Rows loaded meanwhile are left out.
 * @throws WarehouseError as the engine's query
 */
export async function* exportPages(
  engine: WarehouseEngine,
  name: ExportName,
  question: ExportQuestion,
): AsyncGenerator<readonly ExportRow[]> {
  if (name === "events") yield* eventPages(engine, question);
  else yield* resultPages(engine, name, question);
}

/** Writes an export as one Parquet file, in no order. @throws WarehouseError as the engine's query */
export async function exportParquet(
  engine: WarehouseEngine,
  name: ExportName,
  question: ExportQuestion,
): Promise<Readable> {
  const columns = COLUMNS[name].map(
    ({ name: as, type, sql }) => `${parquetSql(type, sql)} AS \`${as}\``,
  );
  const source =
    name === "events"
      ? `${FACTS} WHERE ${eventCondition(question)}`
      : resultsSource(name, resultCondition(question));
  return engine.exportParquet(
    `SELECT ${columns.join(", ")} FROM ${source}`,
    parametersOf(question),
  );
}

/** Reads whole users at a time: the end of a page from the table's index, then the page. */
async function* eventPages(
  engine: WarehouseEngine,
  question: ExportQuestion,
): AsyncGenerator<readonly ExportRow[]> {
  let after = "";
  for (;;) {
    const parameters = { ...parametersOf(question), after };
    const [end] = await engine.query<{ last: string }>(
      `SELECT user_key AS last FROM ${EVENTS_TABLE} WHERE tenant = {tenant:String} AND user_key > {after:String}
ORDER BY user_key LIMIT 1 OFFSET ${PAGE_ROWS}`,
      parameters,
    );
    const rows = await engine.query<ExportRow>(
      `SELECT ${jsonColumns(EVENT_COLUMNS)} FROM ${FACTS}
WHERE ${eventCondition(question)} AND user_key > {after:String}${end === undefined ? "" : " AND user_key <= {last:String}"}
ORDER BY user_key, is_anonymous, fact.time, event_id`,
      { ...parameters, ...end },
    );
    if (rows.length > 0) yield rows;
    if (end === undefined) return;
    after = end.last;
  }
}

async function* resultPages(
  engine: WarehouseEngine,
  name: Exclude<ExportName, "events">,
  question: ExportQuestion,
): AsyncGenerator<readonly ExportRow[]> {
  const condition = resultCondition(question);
  const inPage = " AND conversion_id > {after:String} AND conversion_id <= {last:String}";
  let after = "";
  for (;;) {
    const next = await engine.query<{ id: string; rows: number }>(
      `SELECT conversion_id AS id, ${name === "credits" ? "toUInt32(sum(length(credit_model)))" : "toUInt32(1)"} AS rows
FROM ${ATTRIBUTIONS_TABLE} WHERE ${condition} AND conversion_id > {after:String}
GROUP BY conversion_id ORDER BY conversion_id LIMIT ${PAGE_CONVERSIONS}`,
      { ...parametersOf(question), after },
    );
    if (next.length === 0) return;
    for (const { from, to } of cut(after, next)) {
      yield await engine.query<ExportRow>(
        `SELECT ${jsonColumns(COLUMNS[name])} FROM ${resultsSource(name, condition + inPage)}
ORDER BY ${CONVERSION_KEY}${name === "credits" ? ", model, touch_index" : ""}`,
        { ...parametersOf(question), after: from, last: to },
      );
    }
    if (next.length < PAGE_CONVERSIONS) return;
    after = next.at(-1)?.id ?? after;
  }
}

/** Cuts conversions into ranges of IDs, each of at most a page of rows or one conversion. */
function* cut(
  after: string,
  conversions: readonly { readonly id: string; readonly rows: number }[],
): Generator<{ from: string; to: string }> {
  let from = after;
  let to = "";
  let rows = 0;
  for (const conversion of conversions) {
    if (to !== "" && rows + conversion.rows > PAGE_ROWS) {
      yield { from, to };
      from = to;
      rows = 0;
    }
    rows += conversion.rows;
    to = conversion.id;
  }
  yield { from, to };
}

/** The valid result of each conversion, a row each or a row a credit. */
function resultsSource(name: Exclude<ExportName, "events">, condition: string): string {
  const valid = `(SELECT * FROM ${ATTRIBUTIONS_TABLE} WHERE ${condition}
  ORDER BY generation DESC, attributed_at DESC, revision DESC LIMIT 1 BY ${CONVERSION_KEY})`;
  return name === "conversions"
    ? `${valid} WHERE ${IS_COUNTED}`
    : `${valid} ARRAY JOIN credit_model AS model, credit_touch AS touch_index, credit_share AS share, credit_value AS credited WHERE ${IS_COUNTED}`;
}

function eventCondition(question: ExportQuestion): string {
  return `tenant = {tenant:String} AND position < {until:String}${range("fact.time", question)}`;
}

function resultCondition(question: ExportQuestion): string {
  return `tenant = {tenant:String} AND attributed_at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')${range("conversion_time", question)}`;
}

function range(time: string, { from, to }: ExportQuestion): string {
  const at = (name: string): string => `fromUnixTimestamp64Milli({${name}:Int64}, 'UTC')`;
  return `${from === undefined ? "" : ` AND ${time} >= ${at("from")}`}${to === undefined ? "" : ` AND ${time} < ${at("to")}`}`;
}

function parametersOf({ tenant, from, to, asOf }: ExportQuestion): QueryParameters {
  return {
    tenant,
    // An entry ID begins with the time of its commit, in 13 digits until the year 2286.
    until: String(asOf + 1).padStart(13, "0"),
    as_of: asOf,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
}

function jsonColumns(columns: readonly SqlColumn[]): string {
  const written = (type: ExportColumn["type"], sql: string): string =>
    // As a number: 64-bit integers come as text.
    type === "time" ? `toFloat64(toUnixTimestamp64Milli(${sql}))` : sql;
  return columns.map(({ name, type, sql }) => `${written(type, sql)} AS \`${name}\``).join(", ");
}

function parquetSql(type: ExportColumn["type"], sql: string): string {
  return type === "text" || type === "json" ? `nullIf(toString(${sql}), '')` : sql;
}
