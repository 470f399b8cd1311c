/**
 * Takes the rows of erased keys out of the tables. By mutations, which write the parts anew: a lightweight delete would leave
 * the bytes where they are.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { WarehouseEngine } from "../engine/engine.ts";
import { CONVERSION_KEY } from "../query/attribution-sql.ts";
import { type Erasing, placeOf, whereChosen } from "./erasures.ts";
import { WarehouseError } from "../errors.ts";
import {
  ATTRIBUTIONS_TABLE,
  DATABASE,
  ERASING_TABLE,
  EVENTS_TABLE,
  IDENTITIES_TABLE,
} from "../engine/schema.ts";

const POLL_MS = 20;

/**
 * Erases all rows of keys that are from before their erasure, and then the keys themselves. What was done of it is done again
 * without harm; where it is cut off the engine may go on with the statement in hand.
 * @param signal gives up waiting
 * @throws WarehouseError `query_failed` where a mutation fails, and as the engine's; the signal's reason
 */
export async function eraseRows(
  engine: WarehouseEngine,
  chosen: readonly Erasing[],
  signal: AbortSignal,
): Promise<void> {
  if (chosen.length === 0) return;
  // One that was cut off by the process's end is gone on with by the engine itself.
  await mutationsDone(engine, signal);
  // Facts last: they tell which conversions were the person's.
  for (const statement of [
    `ALTER TABLE ${ATTRIBUTIONS_TABLE} DELETE WHERE ${isErasedAttribution(chosen)}`,
    eraseIdentities(chosen),
    `ALTER TABLE ${EVENTS_TABLE} DELETE WHERE ${isErased(chosen, "position")}`,
    `ALTER TABLE ${ERASING_TABLE} DELETE WHERE ${whereChosen(chosen)}`,
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

/** Conversions of a tenant whose results are to go. */
export interface ConversionsErasing {
  readonly tenant: string;
  readonly conversions: readonly SentConversion[];
}

/** The conversions of which {@link eraseRows} takes every result: not those that are somebody else's by now. @throws WarehouseError as the engine's query */
export async function readConversionsErasing(
  engine: WarehouseEngine,
  chosen: readonly Erasing[],
): Promise<readonly ConversionsErasing[]> {
  if (chosen.length === 0) return [];
  const isTaken = isErasedAttribution(chosen);
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

/** Waits until all mutations of erasures are done. They run beside other statements, however long they take. */
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
        "erasing does not get on; latest_fail_reason of system.mutations says why",
      );
    }
    await sleep(POLL_MS, undefined, { signal });
  }
}

/**
 * Results of the erased keys from commits before, and whatever results conversions have whose facts go: also those under a former
 * owner of an anonymous ID, which would be valid again.
 */
function isErasedAttribution(chosen: readonly Erasing[]): string {
  return `${isErased(chosen, "events_position")}
OR (tenant, ${CONVERSION_KEY}) IN (
  SELECT tenant, event_id, user_key, is_anonymous FROM ${EVENTS_TABLE} WHERE type = 'conversion' AND ${isErased(chosen, "position")}
)`;
}

/**
 * SQL that is true of rows of an erased key that come before its erasure. The keys are the first columns of the order of `events`:
 * few granules are read.
 * @param column of the rows and of `erasing` that says what came before
 */
function isErased(chosen: readonly Erasing[], column: string): string {
  const from = `FROM ${ERASING_TABLE} WHERE ${whereChosen(chosen)} AND is_theirs`;
  const keys = `SELECT groupArray((tenant, user_key, is_anonymous, partition, ${placeOf(column)})) ${from}`;
  return `(tenant, user_key, is_anonymous) IN (SELECT tenant, user_key, is_anonymous ${from}) AND arrayExists(
  key -> (key.1, key.2, key.3, key.4) = (tenant, user_key, is_anonymous, partition) AND ${placeOf(column)} < key.5, (${keys}))`;
}

/**
 * What was decided of an erased anonymous ID until then, and what the erasure's own block says of it once more; of one that was
 * another's by then, that it was once the person's; and of a person whatever is no longer valid.
 */
function eraseIdentities(chosen: readonly Erasing[]): string {
  const anonymous = `FROM ${ERASING_TABLE} WHERE ${whereChosen(chosen)} AND is_anonymous`;
  const users = `SELECT tenant, user_key FROM ${ERASING_TABLE} WHERE ${whereChosen(chosen)} AND NOT is_anonymous`;
  return `ALTER TABLE ${IDENTITIES_TABLE} DELETE WHERE
(tenant, anonymous_id) IN (SELECT tenant, user_key ${anonymous}) AND arrayExists(
  key -> (key.1, key.2) = (tenant, anonymous_id) AND (key.3 OR key.4 = user_id) AND generation < key.5,
  (SELECT groupArray((tenant, user_key, is_theirs, owner, generation)) ${anonymous}))
OR (tenant, user_id) IN (${users}) AND (tenant, anonymous_id, generation) NOT IN (
  SELECT tenant, anonymous_id, max(generation) FROM ${IDENTITIES_TABLE}
  WHERE (tenant, anonymous_id) IN (SELECT tenant, anonymous_id FROM ${IDENTITIES_TABLE} WHERE (tenant, user_id) IN (${users}))
  GROUP BY tenant, anonymous_id)`;
}
