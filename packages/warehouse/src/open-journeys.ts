import { touchText } from "./attribution-sql.ts";
import type { QueryParameters, WarehouseEngine } from "./engine.ts";
import { touchDimensionsOf } from "./report-dimensions.ts";
import { MAX_REPORT_PATHS, tooManyPaths, type AttributionQuestion } from "./report-queries.ts";
import { EVENTS_TABLE } from "./schema.ts";

/** Journeys that took the same path and did not convert. */
export interface OpenPath {
  /** As of a converting path, never empty. */
  readonly path: readonly string[];
  readonly journeys: number;
}

type JourneyQuestion = Pick<AttributionQuestion, "tenant" | "by" | "from" | "to" | "asOf">;

/**
 * Finds the journeys that did not convert: of each user without a conversion in the question's time, the touchpoints
 * of that time, by event time, then event ID. Without `from` and `to` all time counts. With `asOf` only facts that were
 * committed by then do.
 * @throws WarehouseError `report_too_large` over {@link MAX_REPORT_PATHS}, `query_timeout`, `query_failed`, `unavailable`
 */
export async function openJourneys(
  engine: WarehouseEngine,
  question: JourneyQuestion,
): Promise<readonly OpenPath[]> {
  const known = [
    "tenant = {tenant:String}",
    ...(question.from === undefined
      ? []
      : ["time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')"]),
    ...(question.to === undefined ? [] : ["time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')"]),
    // An entry ID begins with the time of its commit.
    ...(question.asOf === undefined
      ? []
      : ["toInt64(splitByChar('-', position)[1]) <= {as_of:Int64}"]),
  ].join(" AND ");
  const rows = await engine.query<{ path: readonly string[]; journeys: string }>(
    `SELECT path, count() AS journeys FROM (
  SELECT arrayMap(touch -> touch.3, arraySort(groupArray((time, event_id, ${touchText(touchDimensionsOf(question.by))})))) AS path
  FROM ${EVENTS_TABLE} FINAL
  WHERE ${known} AND type IN ('impression', 'click', 'visit')
    AND (user_key, is_anonymous) NOT IN (
      SELECT user_key, is_anonymous FROM ${EVENTS_TABLE} WHERE ${known} AND type = 'conversion'
    )
  GROUP BY user_key, is_anonymous
)
GROUP BY path
LIMIT ${MAX_REPORT_PATHS + 1}`,
    parametersOf(question),
  );
  if (rows.length > MAX_REPORT_PATHS) throw tooManyPaths();
  return rows.map(({ path, journeys }) => ({ path, journeys: Number(journeys) }));
}

function parametersOf({ tenant, from, to, asOf }: JourneyQuestion): QueryParameters {
  return {
    tenant,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(asOf === undefined ? {} : { as_of: asOf }),
  };
}
