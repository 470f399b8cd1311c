import type { Names } from "@tributary/attribution";
import type { WarehouseEngine } from "../engine/engine.ts";
import { ATTRIBUTIONS_TABLE, IDENTITIES_TABLE } from "../engine/schema.ts";
import { duplicateOrdersSql, IS_DUPLICATE_ORDER } from "./attribution-sql.ts";
import { factsTable, hasOwnNames } from "./names-sql.ts";

/**
 * Of a person's facts with one event ID, sent under several user keys, that of the user counts, else that of the lowest
 * anonymous ID: SQL for the order that puts it first, of columns as they were sent. Workers decide by the same.
 */
export const FIRST_SENT = "sent_anonymous, sent_user_key";

/** Which facts of people a query reads. */
export interface PeopleQuestion {
  readonly tenant: string;
  /** As it was known then, ms since 1970. */
  readonly asOf?: number | undefined;
  /** The tenant's, where it has its own; the query binds namesParameters. */
  readonly names?: Names | undefined;
}

/**
 * SQL for the anonymous IDs that are linked to a user, `anonymous_id` and `linked`, of the tenant that is bound to
 * `{tenant:String}`. The decision of an ID's highest generation is valid.
 */
export function linkedSql(asOf: number | undefined): string {
  const known =
    asOf === undefined
      ? ""
      : ` AND decided_at <= fromUnixTimestamp64Milli(${Math.trunc(asOf)}, 'UTC')`;
  return `SELECT anonymous_id, argMax(user_id, generation) AS linked FROM ${IDENTITIES_TABLE}
WHERE tenant = {tenant:String}${known} GROUP BY anonymous_id HAVING linked != ''`;
}

/** Sources of a tenant's facts, each fact with its person's user key, without conversions that repeat an order. */
export interface FactsSource {
  /** Has every fact once. */
  readonly exact: string;
  /** As fast as can be: a fact may come twice, and so may events that a person sent under several user keys. */
  readonly fast: string;
  /** `PREWHERE` where the source has it. */
  readonly where: "PREWHERE" | "WHERE";
  /** Whether the source has `sent_anonymous` and `sent_user_key`: where anonymous IDs were linked, or orders repeated. */
  readonly isSent: boolean;
}

/**
 * Finds the sources of a tenant's facts: the table of facts itself, or where anonymous IDs were linked, the facts under their
 * person's user key, of several with one event ID {@link FIRST_SENT}. Without links a join would cost as much as the rest. Conversions
 * in the place of which another one of their order counts are left out; workers decided which by arrival, which no fact tells.
 * @throws WarehouseError as the engine's query
 */
export async function factsOfPeople(
  engine: WarehouseEngine,
  { tenant, asOf, names }: PeopleQuestion,
): Promise<FactsSource> {
  const [row] = await engine.query<{ linked: string; repeated: string }>(
    `SELECT (SELECT count() FROM ${IDENTITIES_TABLE} WHERE tenant = {tenant:String}) AS linked,
  (SELECT count() FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = {tenant:String} AND ${IS_DUPLICATE_ORDER}) AS repeated`,
    { tenant },
  );
  const isLinked = Number(row?.linked ?? 0) > 0;
  const repeats = Number(row?.repeated ?? 0) > 0;
  const all = factsTable(names, true);
  const fast = factsTable(names, false);
  if (!isLinked && !repeats) {
    return { exact: all, fast, where: hasOwnNames(names) ? "WHERE" : "PREWHERE", isSent: false };
  }
  const counted = repeats
    ? ` AND (fact.type != 'conversion' OR (fact.is_anonymous, fact.user_key, fact.event_id) NOT IN (${duplicateOrdersSql(asOf)}))`
    : "";
  const sent = "fact.is_anonymous AS sent_anonymous, fact.user_key AS sent_user_key";
  const of = (table: string, more: string): string =>
    isLinked
      ? `(
  SELECT fact.* EXCEPT (user_key, is_anonymous),
    if(fact.is_anonymous AND identity.linked != '', identity.linked, fact.user_key) AS user_key,
    CAST(fact.is_anonymous AND identity.linked = '' AS Bool) AS is_anonymous, ${sent}
  FROM ${table} LEFT ANY JOIN (${linkedSql(asOf)}) AS identity ON fact.user_key = identity.anonymous_id
  WHERE fact.tenant = {tenant:String}${counted}${more}
)`
      : `(SELECT fact.*, ${sent} FROM ${table} WHERE fact.tenant = {tenant:String}${counted}${more})`;
  return {
    exact: of(
      `(SELECT * FROM ${all} WHERE tenant = {tenant:String}) AS fact`,
      `\n  ORDER BY ${FIRST_SENT}\n  LIMIT 1 BY user_key, is_anonymous, event_id`,
    ),
    fast: of(`${fast} AS fact`, ""),
    where: "WHERE",
    isSent: true,
  };
}
