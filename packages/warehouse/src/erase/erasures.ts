/** Erasures of people in the warehouse: whose rows are to go, that they go, and the receipts that stay. See docs/erasure.md. */
import type { Column, WarehouseEngine } from "../engine/engine.ts";
import { linkedSql } from "../query/identity-sql.ts";
import { RowBinaryWriter } from "../load/row-binary.ts";
import { ERASING_TABLE, ERASURES_TABLE, EVENTS_TABLE } from "../engine/schema.ts";

/** A key whose rows are to go, by what says so: never the key itself. */
export interface Erasing {
  readonly tenant: string;
  /** A UUID. */
  readonly receipt: string;
  readonly partition: number;
  /** Entry ID of the fact block. */
  readonly position: string;
  /** Which record of the block it is. */
  readonly ordinal: number;
}

/** How many rows an erasure took. */
export interface ErasedCounts {
  /** Of `events`. */
  readonly events: number;
  /** Those of them that were conversions. */
  readonly conversions: number;
  /** Those of them that were touchpoints. */
  readonly touchpoints: number;
}

/** What went with one key. */
export interface ErasedKey extends Erasing, ErasedCounts {
  /** Event time of the newest of the rows, ms since 1970; 0 where there was none. */
  readonly newestAt: number;
}

/** What is known of an erasure: not whose it is. */
export interface ErasureReceipt extends ErasedCounts {
  readonly receipt: string;
  /** ms since 1970. */
  readonly askedAt: number;
  /** When all of it was gone from the warehouse, ms since 1970; undefined where it is not yet. */
  readonly erasedAt: number | undefined;
}

/** An erasure that was asked for. */
export type OpenErasure = Pick<Erasing, "tenant" | "receipt">;

/** Receipts that are listed at most, the newest. */
const MAX_RECEIPTS = 1000;
/** Keys that are erased at a time: a statement names each up to eight times, and may have 256 KB. */
const MAX_KEYS = 250;
/** Anonymous IDs that one message names at most. */
const MAX_ANONYMOUS_IDS = 10_000;

const ERASURE_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "receipt", type: "String" },
  { name: "partition", type: "UInt16" },
  { name: "position", type: "String" },
  { name: "ordinal", type: "UInt32" },
  { name: "asked_at", type: "DateTime64(3, 'UTC')" },
  { name: "erased_at", type: "DateTime64(3, 'UTC')" },
  { name: "events", type: "UInt64" },
  { name: "conversions", type: "UInt64" },
  { name: "touchpoints", type: "UInt64" },
  { name: "newest_at", type: "DateTime64(3, 'UTC')" },
];

interface ErasureRow extends OpenErasure, Partial<Omit<ErasedKey, keyof OpenErasure>> {
  readonly askedAt?: number;
  readonly erasedAt?: number;
}

/** Stores that an erasure was asked for. @param askedAt ms since 1970 @throws WarehouseError `insert_failed`, `unavailable` */
export async function storeAskedErasure(
  engine: WarehouseEngine,
  erasure: OpenErasure,
  askedAt: number,
): Promise<void> {
  await store(engine, [{ ...erasure, askedAt }]);
}

/** Stores that all of an erasure is gone. @param erasedAt ms since 1970 @throws as {@link storeAskedErasure} */
export async function storeDoneErasures(
  engine: WarehouseEngine,
  erasures: readonly OpenErasure[],
  erasedAt: number,
): Promise<void> {
  await store(
    engine,
    erasures.map((erasure) => ({ ...erasure, erasedAt })),
  );
}

/** Stores how many rows went with each key. Stored once more with less it stays as it was. @throws as {@link storeAskedErasure} */
export async function storeErasedCounts(
  engine: WarehouseEngine,
  counts: readonly ErasedKey[],
): Promise<void> {
  await store(engine, counts);
}

async function store(engine: WarehouseEngine, rows: readonly ErasureRow[]): Promise<void> {
  const writer = new RowBinaryWriter();
  for (const row of rows) {
    writer.string(row.tenant);
    writer.string(row.receipt);
    writer.uint16(row.partition ?? 0);
    writer.string(row.position ?? "");
    writer.uint32(row.ordinal ?? 0);
    writer.dateTime64(row.askedAt ?? 0);
    writer.dateTime64(row.erasedAt ?? 0);
    writer.uint64(row.events ?? 0);
    writer.uint64(row.conversions ?? 0);
    writer.uint64(row.touchpoints ?? 0);
    writer.dateTime64(row.newestAt ?? 0);
  }
  await engine.insertRowBinary(ERASURES_TABLE, ERASURE_COLUMNS, writer.written());
}

/** Erasures that were asked for and are not done. @throws WarehouseError as the engine's query */
export async function readOpenErasures(engine: WarehouseEngine): Promise<readonly OpenErasure[]> {
  return engine.query<OpenErasure>(
    `SELECT tenant, receipt FROM ${ERASURES_TABLE} GROUP BY tenant, receipt
HAVING toUnixTimestamp64Milli(max(asked_at)) > 0 AND toUnixTimestamp64Milli(max(erased_at)) = 0`,
  );
}

/**
 * A tenant's erasures, newest first, at most 1000. @param receipt only that one
 * @throws WarehouseError as the engine's query
 */
export async function readErasures(
  engine: WarehouseEngine,
  tenant: string,
  receipt?: string,
): Promise<readonly ErasureReceipt[]> {
  const rows = await engine.query<Record<keyof ErasureReceipt, string>>(
    `SELECT receipt, toUnixTimestamp64Milli(max(asked_at)) AS askedAt, toUnixTimestamp64Milli(max(erased_at)) AS erasedAt,
  sum(events) AS events, sum(conversions) AS conversions, sum(touchpoints) AS touchpoints
FROM ${ERASURES_TABLE} FINAL
WHERE tenant = {tenant:String}${receipt === undefined ? "" : " AND receipt = {receipt:String}"}
GROUP BY receipt HAVING askedAt > 0
ORDER BY askedAt DESC, receipt
LIMIT ${MAX_RECEIPTS}`,
    { tenant, ...(receipt === undefined ? {} : { receipt }) },
  );
  return rows.map((row) => ({
    receipt: row.receipt,
    askedAt: Number(row.askedAt),
    erasedAt: Number(row.erasedAt) === 0 ? undefined : Number(row.erasedAt),
    events: Number(row.events),
    conversions: Number(row.conversions),
    touchpoints: Number(row.touchpoints),
  }));
}

/** What all erasures of a tenant took, and how many keys are still to go. @throws WarehouseError as the engine's query */
export async function countErased(
  engine: WarehouseEngine,
  tenant: string,
): Promise<{ readonly events: number; readonly pending: number }> {
  const [row] = await engine.query<{ events: string; pending: string }>(
    `SELECT (SELECT sum(events) FROM ${ERASURES_TABLE} FINAL WHERE tenant = {tenant:String}) AS events,
  (SELECT count() FROM ${ERASING_TABLE} WHERE tenant = {tenant:String}) AS pending`,
    { tenant },
  );
  return { events: Number(row?.events ?? 0), pending: Number(row?.pending ?? 0) };
}

/**
 * Conversions of a tenant whose erasure was done between two times, ms since 1970, the first left out.
 * @throws WarehouseError as the engine's query
 */
export async function countErasedConversions(
  engine: WarehouseEngine,
  tenant: string,
  [since, until]: readonly [since: number, until: number],
): Promise<number> {
  const [row] = await engine.query<{ conversions: string }>(
    `SELECT sum(conversions) AS conversions FROM (
  SELECT sum(conversions) AS conversions, toUnixTimestamp64Milli(max(erased_at)) AS done
  FROM ${ERASURES_TABLE} FINAL WHERE tenant = {tenant:String} GROUP BY receipt
) WHERE done > {since:Int64} AND done <= {until:Int64}`,
    { tenant, since, until },
  );
  return Number(row?.conversions ?? 0);
}

/** The anonymous IDs that are a user's. @throws WarehouseError as the engine's query */
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
 * Keys whose rows are to go, at most 250, the oldest first: of one key none is chosen without those before it.
 * @throws WarehouseError as the engine's query
 */
export async function readErasing(engine: WarehouseEngine): Promise<readonly Erasing[]> {
  return engine.query<Erasing>(
    `SELECT tenant, receipt, partition, position, ordinal FROM ${ERASING_TABLE} FINAL
ORDER BY ${placeOf("position")}, ordinal LIMIT ${MAX_KEYS}`,
  );
}

/**
 * How many rows of `events` are to go with each key; one without any is left out. Of several erasures of one key a row goes with
 * the first. @throws WarehouseError as the engine's query
 */
export async function countErasing(
  engine: WarehouseEngine,
  chosen: readonly Erasing[],
): Promise<readonly ErasedKey[]> {
  if (chosen.length === 0) return [];
  const theirs = `FROM ${ERASING_TABLE} FINAL WHERE ${whereChosen(chosen)} AND is_theirs`;
  const rows = await engine.query<Record<keyof ErasedKey, string>>(
    `SELECT tenant, first.1 AS receipt, partition, first.2 AS position, first.3 AS ordinal, count() AS events,
  countIf(kind = 'conversion') AS conversions, countIf(kind IN ('impression', 'click', 'visit')) AS touchpoints,
  toUnixTimestamp64Milli(max(at)) AS newestAt
FROM (
  SELECT tenant, partition, any(fact.type) AS kind, any(fact.time) AS at,
    argMin((key.receipt, key.position, key.ordinal), ${placeOf("key.position")}) AS first
  FROM (
    SELECT tenant, user_key, is_anonymous, partition, time, event_id, type, position FROM ${EVENTS_TABLE} FINAL
    WHERE (tenant, user_key, is_anonymous) IN (SELECT tenant, user_key, is_anonymous ${theirs})
  ) AS fact INNER JOIN (SELECT * ${theirs}) AS key USING (tenant, user_key, is_anonymous, partition)
  WHERE ${placeOf("fact.position")} < ${placeOf("key.position")}
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

/** Which of the erasures have keys whose rows are still to go. @throws WarehouseError as the engine's query */
export async function readReceiptsErasing(engine: WarehouseEngine): Promise<ReadonlySet<string>> {
  const rows = await engine.query<{ receipt: string }>(
    `SELECT DISTINCT receipt FROM ${ERASING_TABLE}`,
  );
  return new Set(rows.map(({ receipt }) => receipt));
}

/** SQL for an entry ID as what it is compared by; one that is empty comes before all others. */
export function placeOf(column: string): string {
  const part = (index: number): string => `toUInt64OrZero(splitByChar('-', ${column})[${index}])`;
  return `(${part(1)}, ${part(2)})`;
}

/** SQL that is true of the rows of `erasing` that were chosen. It names nobody: statements are kept by the engine for a while. */
export function whereChosen(chosen: readonly Erasing[]): string {
  const rows = chosen.map(
    ({ receipt, partition, position, ordinal }) =>
      `('${receipt}', ${partition}, '${position}', ${ordinal})`,
  );
  return `(receipt, partition, position, ordinal) IN (${rows.join(", ")})`;
}
