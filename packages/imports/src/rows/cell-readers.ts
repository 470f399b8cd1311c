/** The cells of a row by field, read as the mapping says. */
import { parseAmount } from "../values/amount.ts";
import { parseCurrency } from "../values/currency.ts";
import { isNothing } from "../values/nothing.ts";
import { timeParser, UNAMBIGUOUS_FORMATS, type TimeParser } from "../values/time-parser.ts";
import { ImportError } from "../errors.ts";
import { columnsOf, type ColumnMapping, type Mapping } from "../mapping/mapping.ts";
import type { Field } from "../mapping/fields.ts";
import { plainValue } from "../mapping/names.ts";

/** A column of the file that fills a field. */
interface FieldColumn {
  readonly name: string;
  readonly place: number;
  readonly mapping: ColumnMapping;
}

/** The columns of a field; of several, the first with something in it counts. */
export class FieldReader {
  readonly #columns: readonly FieldColumn[];
  readonly #fallback: string;
  /** Place among the columns, of the last cell that was read; -1 where the fallback was. */
  #last = -1;

  /** @throws ImportError `mapping` for a column that the file does not have */
  constructor(field: Field, mapping: Mapping, columns: readonly string[]) {
    this.#fallback = mapping.defaults?.[field] ?? "";
    this.#columns = columnsOf(mapping, field).map(([name, one]) => ({
      name,
      place: placeOf(name, columns),
      mapping: one,
    }));
  }

  /** Whether the last text came from a cell, and not from the default. */
  get isFilled(): boolean {
    return this.#last >= 0;
  }

  get isMapped(): boolean {
    return this.#columns.length > 0;
  }

  /** The column that was read last, or would be named where none was. */
  get column(): FieldColumn | undefined {
    return this.#columns[Math.max(this.#last, 0)];
  }

  get columns(): readonly FieldColumn[] {
    return this.#columns;
  }

  /** The cell's text without spaces around it; the default where all are empty. */
  text(cells: readonly string[]): string {
    for (let i = 0; i < this.#columns.length; i += 1) {
      const text = (cells[this.#columns[i]?.place ?? -1] ?? "").trim();
      if (isNothing(text)) continue;
      this.#last = i;
      return text;
    }
    this.#last = -1;
    return this.#fallback;
  }

  /** The cell as it was put in by the mapping's values. */
  word(cells: readonly string[]): string {
    const text = this.text(cells);
    const values = this.#columns[this.#last]?.mapping.values;
    const word = plainValue(text);
    // A cell may hold the name of what every object has, such as "constructor".
    return (values !== undefined && Object.hasOwn(values, word) ? values[word] : undefined) ?? text;
  }
}

function placeOf(name: string, columns: readonly string[]): number {
  const place = columns.indexOf(name);
  if (place >= 0) return place;
  throw new ImportError(
    "mapping",
    `the mapping's column "${name}" is not in the file; it has ${columns.join(", ")}`,
  );
}

/** Reads times, or days, by each column's formats. */
export class TimeReader {
  readonly #reader: FieldReader;
  readonly #parsers: readonly TimeParser[];
  readonly #expected: readonly string[];

  constructor(reader: FieldReader) {
    this.#reader = reader;
    this.#parsers = reader.columns.map(({ mapping: { formats, zone } }) =>
      timeParser(formats ?? UNAMBIGUOUS_FORMATS, zone ?? "UTC"),
    );
    this.#expected = reader.columns.map(
      ({ mapping: { formats } }) =>
        `expected a time as ${(formats ?? UNAMBIGUOUS_FORMATS).join(", ")}`,
    );
  }

  /** Ms since 1970, or what was expected. */
  read(cells: readonly string[]): number | string {
    const text = this.#reader.text(cells);
    const place = this.#reader.columns.indexOf(this.#reader.column ?? NO_COLUMN);
    const ms = text === "" ? undefined : this.#parsers[place]?.(text);
    return ms ?? this.#expected[place] ?? "expected a time";
  }
}

const NO_COLUMN: FieldColumn = { name: "", place: -1, mapping: { ignore: true } };

/** An amount that was read. */
export interface ReadAmount {
  /** Exact decimal text; empty where the cell is. */
  readonly amount: string;
  /** ISO 4217, of the sign beside the number. */
  readonly currency: string | undefined;
}

/** Reads an amount by its column's decimal mark, or says what was expected. */
export function readAmount(reader: FieldReader, cells: readonly string[]): ReadAmount | string {
  const text = reader.text(cells);
  if (text === "") return { amount: "", currency: undefined };
  const parsed = parseAmount(text, reader.column?.mapping.decimal);
  if (parsed === undefined) return "expected an amount such as 1299.00, 1.299,00 or 49.90 €";
  if (parsed.kind === "ambiguous") {
    return `may be ${parsed.readings["."]} or ${parsed.readings[","]}: give the column's decimal mark`;
  }
  if (parsed.currency === undefined) return { amount: parsed.amount, currency: undefined };
  const currency = parseCurrency(parsed.currency);
  // A sign of several currencies says nothing by itself: the currency's column or the default does.
  return {
    amount: parsed.amount,
    currency: currency?.kind === "currency" ? currency.code : undefined,
  };
}

/** Reads a currency as its ISO 4217 code, or says what was expected; empty where the cell is. */
export function readCurrency(reader: FieldReader, cells: readonly string[]): string | undefined {
  const word = reader.word(cells);
  if (word === "") return "";
  const parsed = parseCurrency(word);
  return parsed?.kind === "currency" ? parsed.code : undefined;
}
