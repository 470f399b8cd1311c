import type { Names } from "@tributary/attribution";
import { MONEY_DIGITS, WITHDRAWN_REASONS } from "@tributary/protocol";
import { ATTRIBUTIONS_TABLE } from "../engine/schema.ts";
import { resultsTable } from "./names-sql.ts";

/** Columns that are one conversion's within a tenant: its event ID, and the user key that it was sent under. */
export const CONVERSION_KEY = "conversion_id, sent_user_key, sent_anonymous";

/** SQL that is true of results of conversions in the place of which another one of their order counts. */
export const IS_DUPLICATE_ORDER = "reason = 'duplicate_order'";
const WITHDRAWN = WITHDRAWN_REASONS.map((reason) => `'${reason}'`).join(", ");

/** SQL that is false of results that withdraw their conversion: another one counts in its place. */
export const IS_COUNTED = isCountedSql("reason");

/** {@link IS_COUNTED} of another expression that has a reason. */
export function isCountedSql(reason: string): string {
  return `${reason} NOT IN (${WITHDRAWN})`;
}

/**
 * SQL for the conversions of the tenant that is bound to `{tenant:String}` in the place of which another one of their order counts:
 * whether they were sent by an anonymous ID, the user key that they were sent under, and their event ID.
 * @param asOf as it was known then, ms since 1970
 */
export function duplicateOrdersSql(asOf: number | undefined): string {
  const known =
    asOf === undefined
      ? ""
      : ` AND attributed_at <= fromUnixTimestamp64Milli(${Math.trunc(asOf)}, 'UTC')`;
  return `SELECT sent_anonymous, sent_user_key, conversion_id FROM ${ATTRIBUTIONS_TABLE}
WHERE tenant = {tenant:String} AND conversion_id IN (
  SELECT conversion_id FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = {tenant:String} AND ${IS_DUPLICATE_ORDER}
)${known}
GROUP BY ${CONVERSION_KEY} HAVING argMax(reason, (generation, attributed_at, revision)) = 'duplicate_order'`;
}

/**
 * SQL of the FROM and WHERE of the valid result of each conversion of the tenant that is bound to `{tenant:String}`, or of the one
 * that was valid at `{as_of:Int64}`, ms since 1970. Duplicates are left out.
 *
 * The valid result has the highest generation (docs/identity.md), of those the last commit by the clock of Redis, of those the
 * highest revision. The revision alone does not decide: a Redis node that fails may lose its last commits, and workers then count
 * revisions from an earlier one again. The join looks up revised conversions alone, so it is small.
 * @param condition further SQL on the columns of `attributions`, or ""
 * @param isAsOf whether `{as_of:Int64}` is bound
 * @param names the tenant's, where it has its own: their parameters are bound as well
 */
export function validAttributions(condition: string, isAsOf: boolean, names?: Names): string {
  const known = isAsOf
    ? ` AND attributed_at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')`
    : "";
  return `${resultsTable(names)}
  LEFT ANY JOIN (
    SELECT ${CONVERSION_KEY}, max((generation, attributed_at, revision)) AS latest FROM ${ATTRIBUTIONS_TABLE}
    WHERE tenant = {tenant:String} AND conversion_id IN (
      SELECT conversion_id FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = {tenant:String} AND revision > 0
    )${known} GROUP BY ${CONVERSION_KEY}
  ) AS revised USING (${CONVERSION_KEY})
  WHERE tenant = {tenant:String} AND ${IS_COUNTED} AND (generation, attributed_at, revision) >= latest${known}${condition === "" ? "" : ` AND ${condition}`}`;
}

/** Reads a decimal of any size and sign, as the engine writes it, in units of 10^-12. */
export function decimalUnits(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(MONEY_DIGITS, "0"));
}

/**
 * SQL for a touchpoint's name in a path: its dimension, a JSON array of several, or the empty text without one.
 * {@link touchDimensions} reads it.
 * @param columns expressions of texts
 */
export function touchText(columns: readonly string[]): string {
  const texts = columns.map((column) => `toString(${column})`);
  if (texts.length === 0) return "''";
  return texts.length === 1 ? texts.join("") : `toJSONString([${texts.join(", ")}])`;
}

/** The dimensions in a name that {@link touchText} made of `count` of them. */
export function touchDimensions(text: string, count: number): readonly string[] {
  if (count === 0) return [];
  return count === 1 ? [text] : (JSON.parse(text) as string[]);
}
