/** Keys of erased people whose rows are still in the tables; see docs/erasure.md. */
import type { WarehouseEngine } from "../engine/engine.ts";
import { ERASING_TABLE, EVENTS_TABLE } from "../engine/schema.ts";
import { linkedSql } from "../query/identity-sql.ts";

/** A key whose rows are to be erased, named by the record that asks for it: never the key itself. */
export interface PendingKey {
  readonly tenant: string;
  /** A UUID. */
  readonly receipt: string;
  readonly partition: number;
  /** Entry ID of the fact block that holds the record. */
  readonly position: string;
  /** Place of the record in its block. */
  readonly ordinal: number;
}

/** How many rows an erasure took. */
export interface ErasedCounts {
  /** Rows of `events`. */
  readonly events: number;
  /** The conversions among them. */
  readonly conversions: number;
  /** The touchpoints among them. */
  readonly touchpoints: number;
}

/** A key with the rows that its erasure takes. */
export interface ErasedKey extends PendingKey, ErasedCounts {
  /** Event time of the newest of the rows, ms since 1970; 0 without rows. */
  readonly newestAt: number;
}

/** Keys erased at a time: a statement names each up to eight times, and may have 256 KB. */
const MAX_KEYS = 250;
/** Anonymous IDs that one message names at most. */
const MAX_ANONYMOUS_IDS = 10_000;

/** Reads the anonymous IDs linked to a user. @throws WarehouseError as the engine's query */
export async function anonymousIdsOf(
  engine: WarehouseEngine,
  tenant: string,
  userId: string,
): Promise<readonly string[]> {
  const rows = await engine.query<{ anonymous_id: string }>(
    `SELECT anonymous_id FROM (${linkedSql(undefined)}) WHERE linked = {user:String} LIMIT ${MAX_ANONYMOUS_IDS}`,
    { tenant, user: userId },
  );
  return rows.map(({ anonymous_id }) => anonymous_id);
}

/**
 * Reads the oldest pending keys, at most 250. Of several records of one key no record comes without the earlier ones.
 * @throws WarehouseError as the engine's query
 */
export async function readPendingKeys(engine: WarehouseEngine): Promise<readonly PendingKey[]> {
  return engine.query<PendingKey>(
    `SELECT tenant, receipt, partition, position, ordinal FROM ${ERASING_TABLE} FINAL
ORDER BY ${entryIdSql("position")}, ordinal LIMIT ${MAX_KEYS}`,
  );
}

/**
 * Counts the rows of `events` that the erasure of each key takes, and leaves out keys without rows. Where several erasures name one
 * key, the first takes the row. @throws WarehouseError as the engine's query
 */
export async function countPendingRows(
  engine: WarehouseEngine,
  keys: readonly PendingKey[],
): Promise<readonly ErasedKey[]> {
  if (keys.length === 0) return [];
  const theirs = `FROM ${ERASING_TABLE} FINAL WHERE ${isOneOf(keys)} AND is_theirs`;
  const rows = await engine.query<Record<keyof ErasedKey, string>>(
    `SELECT tenant, first.1 AS receipt, partition, first.2 AS position, first.3 AS ordinal, count() AS events,
  countIf(kind = 'conversion') AS conversions, countIf(kind IN ('impression', 'click', 'visit')) AS touchpoints,
  toUnixTimestamp64Milli(max(at)) AS newestAt
FROM (
  SELECT tenant, partition, any(fact.type) AS kind, any(fact.time) AS at,
    argMin((key.receipt, key.position, key.ordinal), ${entryIdSql("key.position")}) AS first
  FROM (
    SELECT tenant, user_key, is_anonymous, partition, time, event_id, type, position FROM ${EVENTS_TABLE} FINAL
    WHERE (tenant, user_key, is_anonymous) IN (SELECT tenant, user_key, is_anonymous ${theirs})
  ) AS fact INNER JOIN (SELECT * ${theirs}) AS key USING (tenant, user_key, is_anonymous, partition)
  WHERE ${entryIdSql("fact.position")} < ${entryIdSql("key.position")}
  GROUP BY tenant, user_key, is_anonymous, partition, fact.time, fact.event_id
) GROUP BY tenant, receipt, partition, position, ordinal`,
  );
  return rows.map((row) => ({
    tenant: row.tenant,
    receipt: row.receipt,
    partition: Number(row.partition),
    position: row.position,
    ordinal: Number(row.ordinal),
    events: Number(row.events),
    conversions: Number(row.conversions),
    touchpoints: Number(row.touchpoints),
    newestAt: Number(row.newestAt),
  }));
}

/** Reads the receipts of which keys are still pending. @throws WarehouseError as the engine's query */
export async function readPendingReceipts(engine: WarehouseEngine): Promise<ReadonlySet<string>> {
  const rows = await engine.query<{ receipt: string }>(
    `SELECT DISTINCT receipt FROM ${ERASING_TABLE}`,
  );
  return new Set(rows.map(({ receipt }) => receipt));
}

/** SQL that compares entry IDs as numbers; an empty one comes before all others. */
export function entryIdSql(column: string): string {
  const part = (index: number): string => `toUInt64OrZero(splitByChar('-', ${column})[${index}])`;
  return `(${part(1)}, ${part(2)})`;
}

/** SQL that is true of the rows of `erasing` of some keys. It names nobody, because the engine keeps statements for a while. */
export function isOneOf(keys: readonly PendingKey[]): string {
  const rows = keys.map(
    ({ receipt, partition, position, ordinal }) =>
      `('${receipt}', ${partition}, '${position}', ${ordinal})`,
  );
  return `(receipt, partition, position, ordinal) IN (${rows.join(", ")})`;
}
