/**
 * Erases the rows of pending keys from the tables. Mutations do it, which write the parts anew: a lightweight delete would leave
 * the bytes where they are.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { WarehouseEngine } from "../engine/engine.ts";
import { CONVERSION_KEY } from "../query/attribution-sql.ts";
import { entryIdSql, isOneOf, type PendingKey } from "./pending-keys.ts";
import { WarehouseError } from "../errors.ts";
import { DATABASE } from "../engine/database.ts";
import {
  ATTRIBUTIONS_TABLE,
  ERASING_TABLE,
  EVENTS_TABLE,
  IDENTITIES_TABLE,
} from "../engine/schema.ts";

const POLL_MS = 20;

/**
 * Erases the rows of keys that are older than their erasures, and then the keys themselves. Repeating it does no harm. When it is
 * cut short the engine may finish the statement in hand.
 * @param signal gives up waiting
 * @throws WarehouseError `query_failed` where a mutation fails, and as the engine's; the signal's reason
 */
export async function eraseRows(
  engine: WarehouseEngine,
  keys: readonly PendingKey[],
  signal: AbortSignal,
): Promise<void> {
  if (keys.length === 0) return;
  // The engine finishes a mutation that an earlier process had begun.
  await mutationsDone(engine, signal);
  // Facts last: they say which conversions were the person's.
  for (const statement of [
    `ALTER TABLE ${ATTRIBUTIONS_TABLE} DELETE WHERE ${isErasedAttribution(keys)}`,
    eraseIdentities(keys),
    `ALTER TABLE ${EVENTS_TABLE} DELETE WHERE ${isErased(keys, "position")}`,
    `ALTER TABLE ${ERASING_TABLE} DELETE WHERE ${isOneOf(keys)}`,
  ]) {
    await engine.command(statement);
    await mutationsDone(engine, signal);
  }
}

/** A conversion, by what makes it one within its tenant. */
export interface SentConversion {
  /** Event ID. */
  readonly id: string;
  /** The user key that it was sent under. */
  readonly userKey: string;
  readonly anonymous: boolean;
}

/** Conversions of a tenant whose results are erased together. */
export interface ErasedConversions {
  readonly tenant: string;
  readonly conversions: readonly SentConversion[];
}

/**
 * Reads the conversions of which {@link eraseRows} erases every result, and not those that belong to somebody else by now.
 * @throws WarehouseError as the engine's query
 */
export async function readErasedConversions(
  engine: WarehouseEngine,
  keys: readonly PendingKey[],
): Promise<readonly ErasedConversions[]> {
  if (keys.length === 0) return [];
  const isTaken = isErasedAttribution(keys);
  const rows = await engine.query<SentConversion & { readonly tenant: string }>(
    `SELECT tenant, conversion_id AS id, sent_user_key AS userKey, sent_anonymous AS anonymous FROM ${ATTRIBUTIONS_TABLE}
WHERE (tenant, ${CONVERSION_KEY}) IN (SELECT tenant, ${CONVERSION_KEY} FROM ${ATTRIBUTIONS_TABLE} WHERE ${isTaken})
GROUP BY tenant, ${CONVERSION_KEY} HAVING min(${isTaken})`,
  );
  return [...Map.groupBy(rows, ({ tenant }) => tenant)].map(([tenant, conversions]) => ({
    tenant,
    conversions: conversions.map(({ id, userKey, anonymous }) => ({ id, userKey, anonymous })),
  }));
}

/** Waits until no mutation of an erasure runs. Mutations run beside other statements, however long they take. */
async function mutationsDone(engine: WarehouseEngine, signal: AbortSignal): Promise<void> {
  for (;;) {
    const [row] = await engine.query<{ running: string; reason: string }>(
      `SELECT count() AS running, max(latest_fail_reason) AS reason FROM system.mutations
WHERE database = '${DATABASE}' AND NOT is_done AND (table = 'erasing' OR command LIKE '%${ERASING_TABLE}%')`,
    );
    if (row === undefined || Number(row.running) === 0) return;
    if (row.reason !== "") {
      // The engine's reason may repeat the keys.
      throw new WarehouseError(
        "query_failed",
        "an erasure's mutation fails; latest_fail_reason of system.mutations says why",
      );
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/**
 * SQL that is true of results that earlier commits gave the erased keys, and of every result of a conversion whose fact is erased:
 * a result under an anonymous ID's former user would be valid again.
 */
function isErasedAttribution(keys: readonly PendingKey[]): string {
  return `${isErased(keys, "events_position")}
OR (tenant, ${CONVERSION_KEY}) IN (
  SELECT tenant, event_id, user_key, is_anonymous FROM ${EVENTS_TABLE} WHERE type = 'conversion' AND ${isErased(keys, "position")}
)`;
}

/**
 * SQL that is true of an erased key's rows from before its erasure. The keys are the first columns of the order of `events`: the
 * engine reads few granules.
 * @param column of the rows and of `erasing` that says which came first
 */
function isErased(keys: readonly PendingKey[], column: string): string {
  const from = `FROM ${ERASING_TABLE} WHERE ${isOneOf(keys)} AND is_theirs`;
  const erased = `SELECT groupArray((tenant, user_key, is_anonymous, partition, ${entryIdSql(column)})) ${from}`;
  return `(tenant, user_key, is_anonymous) IN (SELECT tenant, user_key, is_anonymous ${from}) AND arrayExists(
  key -> (key.1, key.2, key.3, key.4) = (tenant, user_key, is_anonymous, partition) AND ${entryIdSql(column)} < key.5, (${erased}))`;
}

/**
 * Erases the decisions about an erased anonymous ID up to its erasure, with those that the erasure's own block repeats. Of an
 * anonymous ID that was another user's by then it erases the decisions for the erased person, and of a person all decisions that
 * are no longer valid.
 */
function eraseIdentities(keys: readonly PendingKey[]): string {
  const anonymous = `FROM ${ERASING_TABLE} WHERE ${isOneOf(keys)} AND is_anonymous`;
  const users = `SELECT tenant, user_key FROM ${ERASING_TABLE} WHERE ${isOneOf(keys)} AND NOT is_anonymous`;
  return `ALTER TABLE ${IDENTITIES_TABLE} DELETE WHERE
(tenant, anonymous_id) IN (SELECT tenant, user_key ${anonymous}) AND arrayExists(
  key -> (key.1, key.2) = (tenant, anonymous_id) AND (key.3 OR key.4 = user_id) AND generation < key.5,
  (SELECT groupArray((tenant, user_key, is_theirs, owner, generation)) ${anonymous}))
OR (tenant, user_id) IN (${users}) AND (tenant, anonymous_id, generation) NOT IN (
  SELECT tenant, anonymous_id, max(generation) FROM ${IDENTITIES_TABLE}
  WHERE (tenant, anonymous_id) IN (SELECT tenant, anonymous_id FROM ${IDENTITIES_TABLE} WHERE (tenant, user_id) IN (${users}))
  GROUP BY tenant, anonymous_id)`;
}
