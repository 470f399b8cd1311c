import { MONEY_DIGITS } from "@tributary/protocol";
import { ATTRIBUTIONS_TABLE } from "../engine/schema.ts";

/** Columns that are one conversion's within a tenant: its event ID, and the user key that it was sent under. */
export const CONVERSION_KEY = "conversion_id, sent_user_key, sent_anonymous";

/** SQL that is false of results that withdraw their conversion: its person has another event of its ID, which counts. */
export const IS_COUNTED = "reason != 'duplicate'";

/**
 * The FROM and WHERE of one revision of each conversion of the tenant that is bound to `{tenant:String}`: the valid one,
 * or the one that was valid at `{as_of:Int64}`, ms since 1970; conversions that are duplicates are left out. Valid is that of the owner decided on last (docs/identity.md),
 * attributed last (until then), by the clock of Redis, then the highest. The highest alone would not do: a Redis node that fails may take its last commits with it,
 * and what the workers compute in their place counts revisions from where it went on.
 * Only conversions that were revised are looked up: few, so the join is small.
 * @param condition further SQL on the columns of `attributions`, or ""
 * @param isAsOf whether `{as_of:Int64}` is bound
 */
export function validAttributions(condition: string, isAsOf: boolean): string {
  const known = isAsOf
    ? ` AND attributed_at <= fromUnixTimestamp64Milli({as_of:Int64}, 'UTC')`
    : "";
  return `${ATTRIBUTIONS_TABLE} FINAL
  LEFT ANY JOIN (
    SELECT ${CONVERSION_KEY}, max((generation, attributed_at, revision)) AS latest FROM ${ATTRIBUTIONS_TABLE}
    WHERE tenant = {tenant:String} AND conversion_id IN (
      SELECT conversion_id FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = {tenant:String} AND revision > 0
    )${known} GROUP BY ${CONVERSION_KEY}
  ) AS revised USING (${CONVERSION_KEY})
  WHERE tenant = {tenant:String} AND ${IS_COUNTED} AND (generation, attributed_at, revision) >= latest${known}${condition === "" ? "" : ` AND ${condition}`}`;
}

/** Units of 10^-12 of a decimal that the engine wrote, of any size and sign. */
export function decimalUnits(text: string): bigint {
  const [whole = "0", fraction = ""] = text.split(".");
  return BigInt(whole + fraction.padEnd(MONEY_DIGITS, "0"));
}

/**
 * SQL for what names a touchpoint in a path: its dimension, or its dimensions as a JSON array where there are several;
 * the empty text where none is asked for.
 * {@link touchDimensions} reads it.
 * @param columns expressions of texts
 */
export function touchText(columns: readonly string[]): string {
  const texts = columns.map((column) => `toString(${column})`);
  if (texts.length === 0) return "''";
  return texts.length === 1 ? texts.join("") : `toJSONString([${texts.join(", ")}])`;
}

/** The dimensions of a touchpoint, from what {@link touchText} made of so many. */
export function touchDimensions(text: string, count: number): readonly string[] {
  if (count === 0) return [];
  return count === 1 ? [text] : (JSON.parse(text) as string[]);
}
