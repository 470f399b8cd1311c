/** Spend and rates of currencies: rows a day, which people import. */
import { DIMENSION_FIELDS, type DimensionField } from "@tributary/protocol";
import { decimalUnits } from "./attribution-sql.ts";
import type { Column, QueryParameters, WarehouseEngine } from "../engine/engine.ts";
import { MAX_REPORT_ROWS, tooManyRows } from "./report-queries.ts";
import { RowBinaryWriter } from "../load/row-binary.ts";
import { RATES_TABLE, SPEND_TABLE } from "../engine/import-schema.ts";

const DAY_MS = 86_400_000;

/** Spend of one day for one combination of dimensions. */
export interface SpendRow extends Readonly<Record<DimensionField, string>> {
  /** `2026-10-01`. */
  readonly day: string;
  /** ISO 4217. */
  readonly currency: string;
  /** In units of 10^-12. */
  readonly amount: bigint;
}

/** Worth of one unit of a currency from a day on. */
export interface RateRow {
  /** `2026-10-01`. */
  readonly day: string;
  /** ISO 4217. */
  readonly currency: string;
  /** ISO 4217. */
  readonly target: string;
  /** In units of 10^-12. */
  readonly rate: bigint;
}

const SPEND_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "day", type: "Date" },
  ...DIMENSION_FIELDS.map((name): Column => ({ name, type: "String" })),
  { name: "currency", type: "String" },
  { name: "amount", type: "Decimal(38, 12)" },
  { name: "imported_at", type: "DateTime64(3, 'UTC')" },
  { name: "import_id", type: "String" },
];

const RATE_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "day", type: "Date" },
  { name: "currency", type: "String" },
  { name: "target", type: "String" },
  { name: "rate", type: "Decimal(38, 12)" },
  { name: "imported_at", type: "DateTime64(3, 'UTC')" },
  { name: "import_id", type: "String" },
];

/** When rows came, and with which import. */
export interface ImportOrigin {
  /** ms since 1970: of several rows of one day and names the latest is valid. */
  readonly importedAt: number;
  /** Empty where they came without an import. Rows of one import stay beside those of another, so that it can be undone. */
  readonly importId: string;
}

/**
 * Stores spend in one insert: all of it or nothing. A row replaces an earlier one of the same day and dimensions.
 * @throws WarehouseError `insert_failed`, `unavailable`
 */
export async function storeSpend(
  engine: WarehouseEngine,
  tenant: string,
  rows: readonly SpendRow[],
  { importedAt, importId }: ImportOrigin,
): Promise<void> {
  const writer = new RowBinaryWriter();
  for (const row of rows) {
    writer.string(tenant);
    writer.uint16(Date.parse(row.day) / DAY_MS);
    for (const field of DIMENSION_FIELDS) writer.string(row[field]);
    writer.string(row.currency);
    writer.decimal128(row.amount);
    writer.dateTime64(importedAt);
    writer.string(importId);
  }
  await engine.insertRowBinary(SPEND_TABLE, SPEND_COLUMNS, writer.written());
}

/** Stores rates, as {@link storeSpend}. A rate replaces an earlier one of the same day and currencies. */
export async function storeRates(
  engine: WarehouseEngine,
  tenant: string,
  rows: readonly RateRow[],
  { importedAt, importId }: ImportOrigin,
): Promise<void> {
  const writer = new RowBinaryWriter();
  for (const row of rows) {
    writer.string(tenant);
    writer.uint16(Date.parse(row.day) / DAY_MS);
    writer.string(row.currency);
    writer.string(row.target);
    writer.decimal128(row.rate);
    writer.dateTime64(importedAt);
    writer.string(importId);
  }
  await engine.insertRowBinary(RATES_TABLE, RATE_COLUMNS, writer.written());
}

/** A range of days, `2026-10-01`. */
interface DaysQuestion {
  readonly tenant: string;
  /** Inclusive. */
  readonly fromDay?: string | undefined;
  /** Exclusive. */
  readonly toDay?: string | undefined;
}

type TextRow = Readonly<Record<string, string>>;

/**
 * Reads spend by day and all dimensions, the oldest day first.
 * @throws WarehouseError `report_too_large` over the rows of a report, and as the engine's query
 */
export async function readSpend(
  engine: WarehouseEngine,
  question: DaysQuestion,
): Promise<SpendRow[]> {
  const { tenant, fromDay, toDay } = question;
  const parameters: QueryParameters = {
    tenant,
    ...(fromDay === undefined ? {} : { from_day: fromDay }),
    ...(toDay === undefined ? {} : { to_day: toDay }),
  };
  const rows = await engine.query<TextRow>(
    `SELECT toString(day) AS day_text, ${DIMENSION_FIELDS.join(", ")},
  argMax(currency, (imported_at, import_id)) AS currency_text, toString(argMax(amount, (imported_at, import_id))) AS amount_text
FROM ${SPEND_TABLE} FINAL WHERE tenant = {tenant:String}${fromDay === undefined ? "" : " AND toString(day) >= {from_day:String}"}${toDay === undefined ? "" : " AND toString(day) < {to_day:String}"}
GROUP BY day, ${DIMENSION_FIELDS.join(", ")} ORDER BY day, ${DIMENSION_FIELDS.join(", ")} LIMIT ${MAX_REPORT_ROWS + 1}`,
    parameters,
  );
  if (rows.length > MAX_REPORT_ROWS) throw tooManyRows();
  return rows.map(({ day_text = "", amount_text = "0", currency_text = "", ...dims }) => ({
    ...(dims as Record<DimensionField, string>),
    day: day_text,
    currency: currency_text,
    amount: decimalUnits(amount_text),
  }));
}

/**
 * Reads rates, the oldest first. @param target only to this currency
 * @throws WarehouseError as {@link readSpend}
 */
export async function readRates(
  engine: WarehouseEngine,
  tenant: string,
  target?: string,
): Promise<RateRow[]> {
  const rows = await engine.query<TextRow>(
    `SELECT toString(day) AS day_text, currency, target, toString(argMax(rate, (imported_at, import_id))) AS rate_text
FROM ${RATES_TABLE} FINAL WHERE tenant = {tenant:String}${target === undefined ? "" : " AND target = {target:String}"}
GROUP BY day, currency, target ORDER BY day, currency, target LIMIT ${MAX_REPORT_ROWS + 1}`,
    { tenant, ...(target === undefined ? {} : { target }) },
  );
  if (rows.length > MAX_REPORT_ROWS) throw tooManyRows();
  return rows.map((row) => ({
    day: row["day_text"] ?? "",
    currency: row["currency"] ?? "",
    target: row["target"] ?? "",
    rate: decimalUnits(row["rate_text"] ?? "0"),
  }));
}
