/** A row of a file made a row of spend, or a rate of a currency. */
import { DIMENSION_FIELDS, EVENT_LIMITS, type DimensionField } from "@tributary/protocol";
import { FIELDS, type Field } from "../mapping/fields.ts";
import type { Mapping } from "../mapping/mapping.ts";
import { FieldReader, readAmount, readCurrency, TimeReader } from "./cell-readers.ts";
import type { RefusedCell } from "./refused.ts";

/** Spend of a day, or a rate from a day on; amounts are exact decimal text. */
export type DayRow = Readonly<Record<string, string>> & { readonly day: string };

const FIRST_DAY = "1970-01-01";
/** The last day of the warehouse's dates. */
const LAST_DAY = "2149-06-06";
const EXPECTED_CURRENCY = "expected an ISO 4217 code such as EUR, or a sign of one currency";

/** Makes rows of spend or rates of a file's rows by its mapping. */
export class DayRows {
  readonly #kind: "spend" | "rates";
  readonly #readers: ReadonlyMap<Field, FieldReader>;
  readonly #day: TimeReader;
  /** Lines by what makes a row itself: two of one day and names contradict each other. */
  readonly #lines = new Map<string, number>();

  /**
   * @param columns of the file, each name once
   * @throws ImportError `mapping` for a column that the file does not have
   */
  constructor(kind: "spend" | "rates", mapping: Mapping, columns: readonly string[]) {
    this.#kind = kind;
    this.#readers = new Map(
      FIELDS[kind].map((field) => [field, new FieldReader(field, mapping, columns)]),
    );
    this.#day = new TimeReader(this.#reader("day"));
  }

  /** @param line of the row in the file */
  read(cells: readonly string[], line: number): DayRow | RefusedCell {
    const ms = this.#day.read(cells);
    if (typeof ms === "string") return this.#refused("day", cells, ms);
    const day = new Date(ms).toISOString().slice(0, 10);
    if (day < FIRST_DAY || day > LAST_DAY) {
      return this.#refused("day", cells, `expected a day from ${FIRST_DAY} to ${LAST_DAY}`);
    }
    const row = this.#kind === "spend" ? this.#spend(cells, day) : this.#rate(cells, day);
    if ("reason" in row) return row as RefusedCell;
    const { amount: _, rate: _rate, currency, ...names } = row as Record<string, string>;
    const key = JSON.stringify(this.#kind === "spend" ? names : [names, currency]);
    const first = this.#lines.get(key);
    if (first !== undefined) {
      const reason = `the same day and names as in line ${first}: expected one row of them`;
      return this.#refused("day", cells, reason);
    }
    this.#lines.set(key, line);
    return row as DayRow;
  }

  #spend(cells: readonly string[], day: string): object {
    const row: Record<string, string> = { day };
    for (const field of DIMENSION_FIELDS) {
      const text = this.#reader(field).word(cells);
      const limit = limitOf(field);
      if (Buffer.byteLength(text) > limit) {
        return this.#refused(field, cells, `expected at most ${limit} bytes`);
      }
      if (text !== "") row[field] = text;
    }
    const amount = this.#amount("amount", cells);
    if (typeof amount !== "string") return amount;
    const sign = readAmount(this.#reader("amount"), cells);
    const signed = typeof sign === "string" ? undefined : sign.currency;
    const currency = this.#currency("currency", cells, signed);
    if (typeof currency !== "string") return currency;
    return { ...row, amount, currency };
  }

  #rate(cells: readonly string[], day: string): object {
    const currency = this.#currency("currency", cells);
    if (typeof currency !== "string") return currency;
    const target = this.#currency("target", cells);
    if (typeof target !== "string") return target;
    if (currency === target) return this.#refused("target", cells, "expected another currency");
    const rate = this.#amount("rate", cells);
    if (typeof rate !== "string") return rate;
    if (rate === "0") return this.#refused("rate", cells, "expected a rate above 0");
    return { day, currency, target, rate };
  }

  #amount(field: Field, cells: readonly string[]): string | RefusedCell {
    const read = readAmount(this.#reader(field), cells);
    if (typeof read === "string") return this.#refused(field, cells, read);
    if (read.amount === "") return this.#refused(field, cells, "expected an amount");
    if (read.amount.startsWith("-")) {
      return this.#refused(field, cells, "expected an amount of at least 0");
    }
    return read.amount;
  }

  #currency(field: Field, cells: readonly string[], signed?: string): string | RefusedCell {
    const reader = this.#reader(field);
    const currency = readCurrency(reader, cells);
    if (currency === undefined) return this.#refused(field, cells, EXPECTED_CURRENCY);
    const code = (reader.isFilled ? currency : "") || signed || currency;
    return code === "" ? this.#refused(field, cells, EXPECTED_CURRENCY) : code;
  }

  #reader(field: Field): FieldReader {
    const reader = this.#readers.get(field);
    if (reader === undefined) throw new Error(`${field} is no field of ${this.#kind}`);
    return reader;
  }

  #refused(field: Field, cells: readonly string[], reason: string): RefusedCell {
    const reader = this.#reader(field);
    const value = reader.text(cells);
    return { column: reader.column?.name ?? "", value: reader.isFilled ? value : "", reason };
  }
}

function limitOf(field: DimensionField): number {
  return field === "channel" ? EVENT_LIMITS.channelBytes : EVENT_LIMITS.utmBytes;
}
