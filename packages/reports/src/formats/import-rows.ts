/** Rows to import, as JSON. All of them are taken, or none. */
import { classifyChannel, type TenantRules } from "@tributary/attribution";
import {
  decimalFromNumber,
  DIMENSION_FIELDS,
  EVENT_LIMITS,
  isCurrency,
  parseDecimal,
  type DimensionField,
} from "@tributary/protocol";
import type { RateRow, SpendRow } from "@tributary/warehouse";
import { ReportsError, type RefusedRow } from "../errors.ts";

/** Rows of one import. */
const MAX_ROWS = 100_000;
/** Refused rows that are named. */
const MAX_NAMED = 100;

/** A row as it came; `line` is its place in the array, from 1. */
interface GivenRow {
  readonly line: number;
  readonly cells: Readonly<Record<string, unknown>>;
}

/** Names the row and the field at fault. */
class RowProblem extends Error {
  readonly field: string;
  constructor(field: string, reason: string) {
    super(reason);
    this.field = field;
  }
}

/**
 * Spend: `day`, `amount`, `currency`, and any of the dimensions. Without a channel a row gets that of a click with the same
 * dimensions.
 * @param own rules of the tenant's channels
 * @throws ReportsError `import_invalid` naming every row at fault
 */
export function spendRows(body: unknown, own?: TenantRules): SpendRow[] {
  const fields = ["day", "amount", "currency", ...DIMENSION_FIELDS];
  return readRows(
    body,
    fields,
    (cells) => {
      const dims = Object.fromEntries(
        DIMENSION_FIELDS.map((field) => [field, dimensionOf(cells, field)]),
      ) as Record<DimensionField, string>;
      const channel = dims.channel || classifyChannel({ type: "click", ...dims }, own).channel;
      return {
        ...dims,
        channel,
        day: dayOf(cells),
        currency: currencyOf(cells, "currency"),
        amount: amountOf(cells, "amount"),
      };
    },
    ({ day, currency: _, amount: _amount, ...dims }) => JSON.stringify([day, dims]),
  );
}

/**
 * Rates: the worth of one unit of `currency` in `target` from `day` on.
 * @throws ReportsError `import_invalid` naming every row at fault
 */
export function rateRows(body: unknown): RateRow[] {
  return readRows(
    body,
    ["day", "currency", "target", "rate"],
    (cells) => {
      const rate = amountOf(cells, "rate");
      if (rate === 0n) throw new RowProblem("rate", "expected a rate above 0");
      const currency = currencyOf(cells, "currency");
      const target = currencyOf(cells, "target");
      if (currency === target) throw new RowProblem("target", "expected another currency");
      return { day: dayOf(cells), currency, target, rate };
    },
    ({ day, currency, target }) => JSON.stringify([day, currency, target]),
  );
}

function readRows<Row>(
  body: unknown,
  fields: readonly string[],
  read: (cells: GivenRow["cells"]) => Row,
  keyOf: (row: Row) => string,
): Row[] {
  const rows: Row[] = [];
  const refused: RefusedRow[] = [];
  const lines = new Map<string, number>();
  const given = givenRows(body);
  checkFields(given, fields);
  for (const { line, cells } of given) {
    try {
      const row = read(cells);
      const first = lines.get(keyOf(row));
      if (first !== undefined) {
        throw new RowProblem("day", `the same day and names as in line ${first}: which one holds?`);
      }
      lines.set(keyOf(row), line);
      rows.push(row);
    } catch (error) {
      if (!(error instanceof RowProblem)) throw error;
      refused.push({ line, field: error.field, reason: error.message });
    }
  }
  if (rows.length + refused.length === 0) {
    throw new ReportsError("import_invalid", "there are no rows");
  }
  if (refused.length === 0) return rows;
  const [one] = refused;
  throw new ReportsError(
    "import_invalid",
    `${refused.length} of ${rows.length + refused.length} rows cannot be read, so none was taken; line ${one?.line}: ${one?.field}: ${one?.reason}`,
    { refused: refused.slice(0, MAX_NAMED) },
  );
}

/** A field that there is not is named once, with the first row that has it. */
function checkFields(rows: readonly GivenRow[], fields: readonly string[]): void {
  const unknown = new Map<string, number>();
  for (const { line, cells } of rows) {
    for (const name of Object.keys(cells)) {
      if (!fields.includes(name) && !unknown.has(name)) unknown.set(name, line);
    }
    if (unknown.size >= MAX_NAMED) break;
  }
  if (unknown.size === 0) return;
  const reason = `no such field; allowed: ${fields.join(", ")}`;
  throw new ReportsError(
    "import_invalid",
    `there are no fields ${[...unknown.keys()].map((name) => name.slice(0, 64)).join(", ")}; allowed: ${fields.join(", ")}`,
    {
      refused: [...unknown].map(([name, line]) => ({ line, field: name.slice(0, 64), reason })),
    },
  );
}

function givenRows(body: unknown): GivenRow[] {
  const rows = jsonRows(body);
  if (rows.length > MAX_ROWS) {
    throw new ReportsError("import_invalid", `expected at most ${MAX_ROWS} rows at once`);
  }
  return rows;
}

function jsonRows(body: unknown): GivenRow[] {
  const isObject = typeof body === "object" && body !== null;
  const rows = isObject && "rows" in body ? body.rows : body;
  if (!Array.isArray(rows)) {
    throw new ReportsError("import_invalid", 'expected {"rows": […]} or an array of rows');
  }
  return rows.map((row: unknown, i) => {
    const cells = typeof row === "object" && row !== null ? row : { row };
    return { line: i + 1, cells: cells as GivenRow["cells"] };
  });
}

function textOf(cells: GivenRow["cells"], field: string): string {
  const value = cells[field];
  if (value === undefined || value === null) return "";
  if (typeof value !== "string") throw new RowProblem(field, "expected text");
  return value.trim();
}

function dimensionOf(cells: GivenRow["cells"], field: DimensionField): string {
  const text = textOf(cells, field);
  const limit = field === "channel" ? EVENT_LIMITS.channelBytes : EVENT_LIMITS.utmBytes;
  if (Buffer.byteLength(text) > limit) {
    throw new RowProblem(field, `expected at most ${limit} bytes`);
  }
  return text;
}

function dayOf(cells: GivenRow["cells"]): string {
  const text = textOf(cells, "day");
  const ms = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  // Date.parse takes 31 April for 1 May; the table's days end in 2149.
  const isDay = !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(text);
  if (!isDay || text < "1970-01-01" || text > "2149-06-06") {
    throw new RowProblem("day", `expected a day such as 2026-10-01, got "${text.slice(0, 32)}"`);
  }
  return text;
}

function currencyOf(cells: GivenRow["cells"], field: string): string {
  const text = textOf(cells, field);
  if (!isCurrency(text)) {
    throw new RowProblem(
      field,
      `expected an ISO 4217 code such as EUR, got "${text.slice(0, 32)}"`,
    );
  }
  return text;
}

function amountOf(cells: GivenRow["cells"], field: string): bigint {
  const value = cells[field];
  const units =
    typeof value === "number" ? decimalFromNumber(value) : parseDecimal(textOf(cells, field));
  if (units === undefined) {
    throw new RowProblem(
      field,
      "expected a decimal of at most 15 digits before the point and 12 after it, not below 0",
    );
  }
  return units;
}
