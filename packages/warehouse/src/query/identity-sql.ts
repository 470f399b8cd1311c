import type { Names } from "@tributary/attribution";
import type { WarehouseEngine } from "../engine/engine.ts";
import { IDENTITIES_TABLE } from "../engine/schema.ts";
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

/** Sources of a tenant's facts, each fact with its person's user key. */
export interface FactsSource {
  /** Has every fact once. */
  readonly exact: string;
  /** As fast as can be: a fact may come twice, and so may events that a person sent under several user keys. */
  readonly fast: string;
  /** `PREWHERE` where the source has it. */
  readonly where: "PREWHERE" | "WHERE";
  /** Whether anonymous IDs were linked: the source then has `sent_anonymous` and `sent_user_key`. */
  readonly isLinked: boolean;
}

/**
 * Finds the sources of a tenant's facts: the table of facts itself, or where anonymous IDs were linked, the facts under their
 * person's user key, of several with one event ID {@link FIRST_SENT}. Without links a join would cost as much as the rest.
 * @throws WarehouseError as the engine's query
 */
export async function factsOfPeople(
  engine: WarehouseEngine,
  { tenant, asOf, names }: PeopleQuestion,
): Promise<FactsSource> {
  const [row] = await engine.query<{ linked: string }>(
    `SELECT count() AS linked FROM ${IDENTITIES_TABLE} WHERE tenant = {tenant:String}`,
    { tenant },
  );
  const all = factsTable(names, true);
  const fast = factsTable(names, false);
  if (Number(row?.linked ?? 0) === 0) {
    return { exact: all, fast, where: hasOwnNames(names) ? "WHERE" : "PREWHERE", isLinked: false };
  }
  const of = (table: string, more: string): string => `(
  SELECT fact.* EXCEPT (user_key, is_anonymous),
    if(fact.is_anonymous AND identity.linked != '', identity.linked, fact.user_key) AS user_key,
    CAST(fact.is_anonymous AND identity.linked = '' AS Bool) AS is_anonymous,
    fact.is_anonymous AS sent_anonymous, fact.user_key AS sent_user_key
  FROM ${table} LEFT ANY JOIN (${linkedSql(asOf)}) AS identity ON fact.user_key = identity.anonymous_id
  WHERE fact.tenant = {tenant:String}${more}
)`;
  return {
    exact: of(
      `(SELECT * FROM ${all} WHERE tenant = {tenant:String}) AS fact`,
      `\n  ORDER BY ${FIRST_SENT}\n  LIMIT 1 BY user_key, is_anonymous, event_id`,
    ),
    fast: of(`${fast} AS fact`, ""),
    where: "WHERE",
    isLinked: true,
  };
}
