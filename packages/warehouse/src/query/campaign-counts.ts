import type { Names } from "@tributary/attribution";
import { DIMENSION_FIELDS, type DimensionField } from "@tributary/protocol";
import type { QueryParameters, WarehouseEngine } from "../engine/engine.ts";
import { calendarSql, NO_VALUE } from "./report-dimensions.ts";
import { MAX_REPORT_ROWS, tooManyRows } from "./report-queries.ts";
import { factsOfPeople } from "./identity-sql.ts";
import { namesParameters } from "./names-sql.ts";

/** Fields that events are counted by: the dimensions of touchpoints, and the name of a conversion or custom event. */
export type CountDimension = DimensionField | "name";
export const COUNT_DIMENSIONS: readonly CountDimension[] = [...DIMENSION_FIELDS, "name"];

/** Spans of time that events are counted in. */
export const COUNT_INTERVALS = ["minute", "hour", "day", "week", "month"] as const;
export type CountInterval = (typeof COUNT_INTERVALS)[number];

export interface CountQuestion {
  readonly tenant: string;
  /** At most two different ones; without one all are counted together. */
  readonly by: readonly CountDimension[];
  readonly interval?: CountInterval | undefined;
  /** IANA name. */
  readonly timeZone: string;
  /** Event time, ms since 1970, inclusive. */
  readonly from?: number | undefined;
  /** Exclusive. */
  readonly to?: number | undefined;
  /** Only facts committed by then, ms since 1970. */
  readonly asOf?: number | undefined;
  /** The tenant's, where it has its own. */
  readonly names?: Names | undefined;
}

/** Events of one group by their own fields, without attribution. */
export interface EventCounts {
  readonly impressions: number;
  readonly clicks: number;
  readonly visits: number;
  readonly custom: number;
  readonly conversions: number;
  /** Different users, exactly. */
  readonly reach: number;
  /** Different users with a click or visit. */
  readonly visitors: number;
  /** Of those, the ones with a conversion of the question's time that is not before their first click or visit of the group. */
  readonly converted: number;
}

export interface CountRow extends EventCounts, Partial<Readonly<Record<CountDimension, string>>> {
  /** Begin of the span, see {@link calendarSql}. */
  readonly time?: string;
}

/** Rows by time, then by name, and their totals, whose reach counts each user once. */
export interface CountReport {
  readonly rows: readonly CountRow[];
  readonly totals: EventCounts;
}

const COUNTS = `countIf(type = 'impression') AS impressions, countIf(type = 'click') AS clicks,
  countIf(type = 'visit') AS visits, countIf(type = 'custom') AS custom, countIf(type = 'conversion') AS conversions,
  uniqExact(user_key, is_anonymous) AS reach, uniqExactIf((user_key, is_anonymous), type IN ('click', 'visit')) AS visitors,
  uniqExactIf((user_key, is_anonymous), type IN ('click', 'visit') AND time <= last_conversion) AS converted`;

/** SQL for each user's last conversion of the question's time; of users without one it is the year 1970. */
function lastConversions(source: string, condition: string): string {
  return `SELECT user_key, is_anonymous, max(time) AS last_conversion FROM ${source}
WHERE ${condition} AND type = 'conversion' GROUP BY user_key, is_anonymous`;
}

type Counted = Readonly<Record<keyof EventCounts, string>> & Readonly<Record<string, string>>;

/**
 * Counts events by their own fields, without identifies and refunds.
 * @throws WarehouseError `report_too_large` over the rows of a report, and as the engine's query
 */
export async function campaignCounts(
  engine: WarehouseEngine,
  question: CountQuestion,
): Promise<CountReport> {
  const { by, interval } = question;
  const fields = COUNT_DIMENSIONS.filter((field) => by.includes(field));
  const keys = [
    ...(interval === undefined ? [] : [`${calendarSql(interval, "time")} AS bucket`]),
    ...fields.map((field) => `toString(${field}) AS dim_${field}`),
  ];
  const names = keys.map((key) => key.slice(key.lastIndexOf(" ") + 1));
  const { exact } = await factsOfPeople(engine, question);
  const where = condition(question);
  const from = `FROM (SELECT * FROM ${exact} WHERE ${where}) AS counted
LEFT ANY JOIN (${lastConversions(exact, where)}) AS converting USING (user_key, is_anonymous)`;
  const parameters = parametersOf(question);
  const rows =
    keys.length === 0
      ? []
      : await engine.query<Counted>(
          `SELECT ${keys.join(", ")}, ${COUNTS} ${from}
GROUP BY ${names.join(", ")} ORDER BY ${names.join(", ")} LIMIT ${MAX_REPORT_ROWS + 1}`,
          parameters,
        );
  if (rows.length > MAX_REPORT_ROWS) throw tooManyRows();
  // By the instant: of two hours that read 02:00 the one with the larger offset is the first.
  rows.sort((a, b) => Date.parse(a["bucket"] ?? "") - Date.parse(b["bucket"] ?? "") || 0);
  const [all] = await engine.query<Counted>(`SELECT ${COUNTS} ${from}`, parameters);
  return {
    rows: rows.map((row) => ({
      ...(interval === undefined ? {} : { time: row["bucket"] ?? "" }),
      ...Object.fromEntries(by.map((field) => [field, row[`dim_${field}`] || NO_VALUE])),
      ...countsOf(row),
    })),
    totals: countsOf(all),
  };
}

function countsOf(row: Counted | undefined): EventCounts {
  return {
    impressions: Number(row?.impressions ?? 0),
    clicks: Number(row?.clicks ?? 0),
    visits: Number(row?.visits ?? 0),
    custom: Number(row?.custom ?? 0),
    conversions: Number(row?.conversions ?? 0),
    reach: Number(row?.reach ?? 0),
    visitors: Number(row?.visitors ?? 0),
    converted: Number(row?.converted ?? 0),
  };
}

function condition({ from, to, asOf }: CountQuestion): string {
  return [
    "tenant = {tenant:String}",
    "type IN ('impression', 'click', 'visit', 'custom', 'conversion')",
    ...(from === undefined ? [] : ["time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"]),
    ...(to === undefined ? [] : ["time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"]),
    // An entry ID begins with the time of its commit.
    ...(asOf === undefined ? [] : ["toInt64(splitByChar('-', position)[1]) <= {as_of:Int64}"]),
  ].join(" AND ");
}

function parametersOf(question: CountQuestion): QueryParameters {
  const { tenant, timeZone, from, to, asOf, names } = question;
  return {
    ...namesParameters(names),
    tenant,
    time_zone: timeZone,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { as_of: asOf }),
  };
}
