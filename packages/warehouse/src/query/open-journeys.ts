import type { SessionGap } from "@tributary/attribution";
import type { DimensionField } from "@tributary/protocol";
import { ARRIVING_SQL, wentOnSql } from "./arrivals-sql.ts";
import { touchText } from "./attribution-sql.ts";
import type { QueryParameters, WarehouseEngine } from "../engine/engine.ts";
import { factsOfPeople } from "./identity-sql.ts";
import { touchDimensionsOf } from "./report-dimensions.ts";
import { MAX_REPORT_PATHS, tooManyPaths, type AttributionQuestion } from "./report-queries.ts";
import { factsTable, namesParameters } from "./names-sql.ts";

/** Journeys without a conversion that took the same path. */
export interface OpenPath {
  /** As in a converting path; never empty. */
  readonly path: readonly string[];
  readonly journeys: number;
}

export interface JourneyQuestion extends Pick<
  AttributionQuestion,
  "tenant" | "by" | "from" | "to" | "asOf" | "names"
> {
  /** Within a session, visits that bring nothing new go on with an arrival. */
  readonly sessionGapMs: SessionGap;
  /** Whether what follows a user's last conversion is a journey as well; default false. */
  readonly tails?: boolean;
  /** Whether impressions count; default true. */
  readonly viewThrough?: boolean;
  /** Whether impressions are left out of a journey that has a click; default false. */
  readonly clickBeatsImpression?: boolean;
  /** Touchpoints to leave out. */
  readonly leaveOut?: readonly { readonly dimension: DimensionField; readonly value: string }[];
}

/** A touchpoint's name is a number of so many bits beside its time: 44 bits are enough until the year 2527. */
const NAME_BITS = 20;

/** Both queries are asked again where a merge removed repeated rows between them: their users would be in neither. */
const MAX_READS = 5;

interface JourneyRow {
  readonly tied: number;
  readonly path: readonly string[];
  readonly journeys: string;
}

/**
 * Finds the journeys that did not convert: the touchpoints of each user without a conversion in the question's time, by event
 * time, then event ID; with `tails` also those of each other user after the last conversion. Without `from` and `to` all time counts; with `asOf` only facts committed by then. The same journeys come
 * in the same order.
 *
 * FINAL, event IDs and origins would each cost more than all the rest. So a touchpoint's time and name are one number, and sorted
 * as such. Only users with two rows of one millisecond (an ID decides, or a row is repeated), or with a visit that may go on with
 * an arrival, are read again, exactly.
 *
 * Cost: 10 million touchpoints of 2.2 million users take 1.3 s on two cores where all are far apart, several times that where all
 * users have such.
 * @throws WarehouseError `report_too_large` over {@link MAX_REPORT_PATHS}, `query_timeout`, `query_failed`, `unavailable`
 */
export async function openJourneys(
  engine: WarehouseEngine,
  question: JourneyQuestion,
): Promise<readonly OpenPath[]> {
  const parameters = parametersOf(question);
  const dims = touchDimensionsOf(question.by);
  const people = await factsOfPeople(engine, question);
  const fast = question.tails === true ? afterConversions(question, people.fast) : people.fast;
  if (await hasTooManyNames(engine, question, parameters)) throw tooManyPaths();
  for (let reads = 1; ; reads += 1) {
    const rows = await engine.query<JourneyRow>(fastSql(question, dims, fast), parameters);
    if (rows.length > MAX_REPORT_PATHS) throw tooManyPaths();
    const tied = rows.find((row) => row.tied === 1);
    const exact =
      tied === undefined
        ? []
        : await engine.query<JourneyRow>(exactSql(question, dims, fast), parameters);
    if (rows.length + exact.length > MAX_REPORT_PATHS) throw tooManyPaths();
    const isWhole = journeysOf(exact) === journeysOf(tied === undefined ? [] : [tied]);
    if (!isWhole && reads < MAX_READS) continue;
    return [...rows, ...exact]
      .filter((row) => row.tied === 0 && row.path.length > 0)
      .map(({ path, journeys }) => ({ path, journeys: Number(journeys) }));
  }
}

function journeysOf(rows: readonly JourneyRow[]): number {
  return rows.reduce((sum, { journeys }) => sum + Number(journeys), 0);
}

/** SQL for a source of the facts after each user's last conversion of the question's time; all facts of users without one. */
function afterConversions(question: JourneyQuestion, source: string): string {
  return `(
  SELECT * FROM ${source} AS fact LEFT ANY JOIN (
    SELECT user_key, is_anonymous, max(time) AS last_conversion FROM ${source}
    WHERE ${factsCondition(question)} AND type = 'conversion' GROUP BY user_key, is_anonymous
  ) AS converting USING (user_key, is_anonymous)
  WHERE time > last_conversion
)`;
}

async function hasTooManyNames(
  engine: WarehouseEngine,
  question: JourneyQuestion,
  parameters: QueryParameters,
): Promise<boolean> {
  const dims = touchDimensionsOf(question.by);
  if (dims.length === 0) return false;
  const [row] = await engine.query<{ names: number }>(
    `SELECT toFloat64(${dims.map((field) => `(${namesSql(question, field, "count()")} + 1)`).join(" * ")}) AS names`,
    parameters,
  );
  return (row?.names ?? 0) > 2 ** NAME_BITS;
}

/** SQL for the users without a conversion in the source, and for the paths of those without two touchpoints of one time. */
function fastSql(
  question: JourneyQuestion,
  dims: readonly DimensionField[],
  source: string,
): string {
  const [first = "''", second] = dims;
  const names = (column: string): string =>
    namesSql(question, column, "arraySort(groupArray(toString(name)))");
  const code =
    second === undefined
      ? `indexOf(first_names, ${first})`
      : `indexOf(first_names, ${first}) * (length(second_names) + 1) + indexOf(second_names, ${second})`;
  const touch = `bitShiftLeft(toUInt64(toUnixTimestamp64Milli(time)), ${NAME_BITS}) + ${code}`;
  const name =
    second === undefined
      ? "first_names[code]"
      : touchText([
          "first_names[intDiv(code, length(second_names) + 1)]",
          "second_names[code % (length(second_names) + 1)]",
        ]);
  return `WITH ${names(first)} AS first_names${second === undefined ? "" : `, ${names(second)} AS second_names`}
SELECT tied, arrayMap(code -> ${name}, codes) AS path, journeys FROM (
  SELECT tied, if(tied, [], arrayMap(touch -> toUInt32(bitAnd(touch, ${2 ** NAME_BITS - 1})), touches)) AS codes, count() AS journeys
  FROM (
    SELECT arraySort(${touchesOf(question, touch)}) AS touches,
      toUInt8(length(arrayCompact(touch -> bitShiftRight(touch, ${NAME_BITS}), touches)) < length(touches)${mayGoOnSql(question)}) AS tied
    FROM ${source}
    WHERE ${factsCondition(question)}
    GROUP BY user_key, is_anonymous
    HAVING countIf(type = 'conversion') = 0
  )
  GROUP BY tied, codes
  ORDER BY codes
  LIMIT ${MAX_REPORT_PATHS + 1}
)
ORDER BY codes`;
}

/** SQL for an aggregate over the different names of a column. GROUP BY looks at dictionary codes: ten times as fast as DISTINCT. */
function namesSql(question: JourneyQuestion, column: string, what: string): string {
  const names = `SELECT ${column} AS name FROM ${factsTable(question.names, false)} WHERE ${factsCondition(question)} GROUP BY name`;
  return `(SELECT ${what} FROM (${names}))`;
}

/**
 * SQL for whether a user has a visit that may go on with an arrival: one that a link led to, or one that is no more than the gap
 * from a click or visit.
 */
function mayGoOnSql({ sessionGapMs: gapMs }: JourneyQuestion): string {
  if (gapMs === "every_visit") return "";
  const times = "arraySort(groupArrayIf(toUnixTimestamp64Milli(time), type IN ('click', 'visit')))";
  const gaps = `arrayPopFront(arrayDifference(${times}))`;
  return ` OR (countIf(type = 'visit') > 0 AND (countIf(link_click != '') > 0 OR arrayExists(gap -> gap <= ${Math.trunc(gapMs)}, ${gaps})))`;
}

/** SQL for the paths of the users whom {@link fastSql} gives none, each row once and without the visits that go on. */
function exactSql(
  question: JourneyQuestion,
  dims: readonly DimensionField[],
  source: string,
): string {
  const touches = touchesOf(question, `(time, event_id, ${touchText(dims)}, type = 'visit')`);
  const times = touchesOf(question, "time");
  return `SELECT 0 AS tied, path, count() AS journeys FROM (
  SELECT arrayMap(touch -> touch.3, arrayFilter(touch -> NOT (touch.4 AND has(gone, touch.2)), arrayCompact(arraySort(${touches})))) AS path,
    arrayCompact(arraySort(groupArrayIf(${ARRIVING_SQL}, type IN ('click', 'visit')))) AS arriving,
    arrayMap(touch -> touch.2, arrayFilter((touch, on) -> on, arriving, went_on)) AS gone,
    ${wentOnSql("arriving", question.sessionGapMs)} AS went_on
  FROM ${source}
  WHERE ${factsCondition(question)} AND (user_key, is_anonymous) IN (
    SELECT user_key, is_anonymous FROM ${source} WHERE ${factsCondition(question)}
    GROUP BY user_key, is_anonymous
    HAVING countIf(type = 'conversion') = 0 AND (length(arrayDistinct(${times})) < length(${times})${mayGoOnSql(question)})
  )
  GROUP BY user_key, is_anonymous
)
GROUP BY path
ORDER BY path
LIMIT ${MAX_REPORT_PATHS + 1}`;
}

/** SQL for a user's touchpoints that count. @param touch SQL for one of them */
function touchesOf(question: JourneyQuestion, touch: string): string {
  const { leaveOut = [], viewThrough = true, clickBeatsImpression = false } = question;
  const kept = [
    ...leaveOut.map(({ dimension }, i) => `${dimension} != {left_out_${i}:String}`),
    ...(viewThrough ? [] : ["type != 'impression'"]),
  ].join(" AND ");
  const counts = `type IN ('impression', 'click', 'visit')${kept === "" ? "" : ` AND ${kept}`}`;
  const all = `groupArrayIf(${touch}, ${counts})`;
  if (!clickBeatsImpression) return all;
  const clicks = `countIf(type = 'click'${kept === "" ? "" : ` AND ${kept}`})`;
  return `if(${clicks} = 0, ${all}, groupArrayIf(${touch}, ${counts} AND type != 'impression'))`;
}

function factsCondition(question: JourneyQuestion): string {
  return [
    "tenant = {tenant:String}",
    "type IN ('impression', 'click', 'visit', 'conversion')",
    ...(question.from === undefined
      ? []
      : ["time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"]),
    ...(question.to === undefined ? [] : ["time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"]),
    // An entry ID begins with the time of its commit.
    ...(question.asOf === undefined ? [] : ["position < {after:String}"]),
  ].join(" AND ");
}

function parametersOf(question: JourneyQuestion): QueryParameters {
  const { tenant, from, to, asOf, leaveOut = [], names } = question;
  return {
    ...namesParameters(names),
    tenant,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { after: String(asOf + 1).padStart(13, "0") }),
    ...Object.fromEntries(leaveOut.map(({ value }, i) => [`left_out_${i}`, value])),
  };
}
