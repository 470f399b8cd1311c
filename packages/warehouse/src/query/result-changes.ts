/** Changes of a report between two times, revision by revision. */
import type { ModelName, Names } from "@tributary/attribution";
import { REVISION_REASONS, type DimensionField, type RevisionReason } from "@tributary/protocol";
import { CONVERSION_KEY, decimalUnits } from "./attribution-sql.ts";
import type { QueryParameters, WarehouseEngine } from "../engine/engine.ts";
import { namesParameters, resultsTable } from "./names-sql.ts";
import { MAX_REPORT_ROWS, tooManyRows } from "./report-queries.ts";
import type { CreditGroup } from "./report-rows.ts";
import { ATTRIBUTIONS_TABLE } from "../engine/schema.ts";

export interface ChangesQuestion {
  readonly tenant: string;
  readonly model: ModelName;
  /** One or two different ones. */
  readonly by: readonly DimensionField[];
  /** Conversion time, ms since 1970, inclusive. */
  readonly from?: number | undefined;
  /** Conversion time, ms since 1970, exclusive. */
  readonly to?: number | undefined;
  /** Results that came after this time, ms since 1970, … */
  readonly since: number;
  /** … and not after this one. */
  readonly until: number;
  /** The tenant's, where it has its own. */
  readonly names?: Names | undefined;
}

/** Gain or loss of a group by results of one reason. */
export interface ChangeGroup extends CreditGroup {
  readonly cause: RevisionReason;
}

interface ChangeRow {
  readonly cause: string;
  readonly touch0?: string;
  readonly touch1?: string;
  readonly currency: string;
  readonly unattributed: number;
  readonly conversions: string;
  readonly value: string;
}

const BY = "fromUnixTimestamp64Milli({until:Int64}, 'UTC')";
const AFTER = "fromUnixTimestamp64Milli({since:Int64}, 'UTC')";

/**
 * SQL of the changes. Each result between the two times adds its credits under its reason, and subtracts those of the result before
 * it under the same reason: of a conversion's results all cancel out but the last before the first time and the last before the
 * second. Results follow each other as {@link validAttributions} orders them, without those that a former owner gave late.
 */
function changesSql({ by, from, to, names: own }: ChangesQuestion): string {
  const touches = by.map((field) => `touch_${field}`);
  const times = [
    from === undefined
      ? ""
      : " AND conversion_time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')",
    to === undefined ? "" : " AND conversion_time < fromUnixTimestamp64Milli({to:Int64}, 'UTC')",
  ].join("");
  const names = by.map((_field, i) => `touch${i}`);
  return `SELECT cause, ${touches.map((column, i) => `${column}[touch_index] AS touch${i}`).join(", ")}, currency, touches = 0 AS unattributed,
  sumIf(credit, sign = 1) - sumIf(credit, sign = -1) AS conversions, sumIf(credited, sign = 1) - sumIf(credited, sign = -1) AS value
FROM (
  SELECT *, tupleElement(step, 1) AS cause, tupleElement(step, 3) AS sign FROM (
    SELECT currency, touches, ${touches.join(", ")}, credit_model, credit_touch, credit_share, credit_value,
      [(toString(reason), attributed_at > ${AFTER}, toInt8(1)), (leadInFrame(toString(reason)) OVER later, leadInFrame(attributed_at) OVER later > ${AFTER}, toInt8(-1))] AS steps
    FROM (
      SELECT *, max(generation) OVER (PARTITION BY ${CONVERSION_KEY} ORDER BY attributed_at, generation, revision ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS owner
      FROM ${resultsTable(own)}
      WHERE tenant = {tenant:String} AND attributed_at <= ${BY}${times} AND conversion_id IN (
        SELECT conversion_id FROM ${ATTRIBUTIONS_TABLE}
        WHERE tenant = {tenant:String} AND attributed_at > ${AFTER} AND attributed_at <= ${BY}
      )
    )
    WHERE generation = owner
    WINDOW later AS (PARTITION BY ${CONVERSION_KEY} ORDER BY attributed_at, generation, revision ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
  ) ARRAY JOIN steps AS step WHERE tupleElement(step, 2)
)
ARRAY JOIN credit_model AS model, credit_touch AS touch_index, credit_share AS credit, credit_value AS credited
WHERE model = {model:String}
GROUP BY cause, ${names.join(", ")}, currency, unattributed
LIMIT ${MAX_REPORT_ROWS + 1}`;
}

/**
 * Computes the changes by group and reason, exactly.
 * @throws WarehouseError `report_too_large` over the rows of a report, and as the engine's query
 */
export async function resultChanges(
  engine: WarehouseEngine,
  question: ChangesQuestion,
): Promise<ChangeGroup[]> {
  const { tenant, model, from, to, since, until } = question;
  const parameters: QueryParameters = {
    ...namesParameters(question.names),
    tenant,
    model,
    since,
    until,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
  };
  const rows = await engine.query<ChangeRow>(changesSql(question), parameters);
  if (rows.length > MAX_REPORT_ROWS) throw tooManyRows();
  return rows.map(({ cause, touch0, touch1, currency, unattributed, conversions, value }) => ({
    cause: reasonOf(cause),
    model,
    touch: unattributed === 1 ? undefined : [touch0 ?? "", touch1 ?? ""],
    conversion: [],
    currency,
    conversions: decimalUnits(conversions),
    value: decimalUnits(value),
  }));
}

function reasonOf(text: string): RevisionReason {
  const reason = REVISION_REASONS.find((known) => known === text);
  if (reason === undefined) throw new RangeError(`reason ${text}`);
  return reason;
}
