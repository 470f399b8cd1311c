/** Receipts of erasures, which stay when the person's rows are gone; see docs/erasure.md. */
import type { Column, WarehouseEngine } from "../engine/engine.ts";
import { ERASING_TABLE, ERASURES_TABLE } from "../engine/schema.ts";
import { RowBinaryWriter } from "../load/row-binary.ts";
import type { ErasedCounts, ErasedKey, PendingKey } from "./pending-keys.ts";

/** What a receipt says of an erasure. It names nobody. */
export interface ErasureReceipt extends ErasedCounts {
  readonly receipt: string;
  /** When the erasure was requested, ms since 1970. */
  readonly askedAt: number;
  /** When the warehouse had erased all of it, ms since 1970; undefined while keys are pending. */
  readonly erasedAt: number | undefined;
}

/** An erasure that was requested. */
export type OpenErasure = Pick<PendingKey, "tenant" | "receipt">;

/** Receipts that a list holds at most: the newest. */
const MAX_RECEIPTS = 1000;

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

/** Stores the request of an erasure. @param askedAt ms since 1970 @throws WarehouseError `insert_failed`, `unavailable` */
export async function storeRequestedErasure(
  engine: WarehouseEngine,
  erasure: OpenErasure,
  askedAt: number,
): Promise<void> {
  await store(engine, [{ ...erasure, askedAt }]);
}

/** Stores the end of erasures. @param erasedAt ms since 1970 @throws as {@link storeRequestedErasure} */
export async function storeCompletedErasures(
  engine: WarehouseEngine,
  erasures: readonly OpenErasure[],
  erasedAt: number,
): Promise<void> {
  await store(
    engine,
    erasures.map((erasure) => ({ ...erasure, erasedAt })),
  );
}

/** Stores how many rows each key's erasure took. A smaller count later changes nothing. @throws as {@link storeRequestedErasure} */
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

/** Reads the erasures that were requested and are not complete. @throws WarehouseError as the engine's query */
export async function readOpenErasures(engine: WarehouseEngine): Promise<readonly OpenErasure[]> {
  return engine.query<OpenErasure>(
    `SELECT tenant, receipt FROM ${ERASURES_TABLE} GROUP BY tenant, receipt
HAVING toUnixTimestamp64Milli(max(asked_at)) > 0 AND toUnixTimestamp64Milli(max(erased_at)) = 0`,
  );
}

/**
 * Reads a tenant's receipts, the newest first, at most 1000. @param receipt only that one
 * @throws WarehouseError as the engine's query
 */
export async function readReceipts(
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

/** Counts the events that a tenant's erasures took, and the keys that are pending. @throws WarehouseError as the engine's query */
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
 * Counts a tenant's conversions whose erasure ended between two times, ms since 1970, the first exclusive.
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
