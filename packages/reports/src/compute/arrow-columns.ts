import { tableFromIPC, type Data, type Table } from "apache-arrow";

/** Texts by number. */
export interface CodedColumn {
  readonly codes: Int32Array;
  readonly names: readonly string[];
}

/** Texts as one run of UTF-8; row i is `bytes[starts[i]]` … `bytes[starts[i + 1] - 1]`. */
export class TextColumn {
  readonly bytes: Uint8Array;
  readonly starts: Float64Array;

  constructor(bytes: Uint8Array, starts: Float64Array) {
    this.bytes = bytes;
    this.starts = starts;
  }

  text(row: number): string {
    return new TextDecoder().decode(this.bytes.subarray(this.starts[row], this.starts[row + 1]));
  }

  /** Orders two rows by their bytes. */
  compare(a: number, b: number): number {
    const { bytes, starts } = this;
    let i = starts[a] as number;
    let j = starts[b] as number;
    const endA = starts[a + 1] as number;
    const endB = starts[b + 1] as number;
    for (; i < endA && j < endB; i += 1, j += 1) {
      const difference = (bytes[i] as number) - (bytes[j] as number);
      if (difference !== 0) return difference;
    }
    return endA - i - (endB - j);
  }
}

const TWO_64 = 1n << 64n;

/** An answer in Apache Arrow, its batches put together column by column; without NULLs. */
export class ArrowColumns {
  readonly #table: Table;
  readonly rows: number;

  constructor(bytes: Uint8Array) {
    this.#table = tableFromIPC(bytes);
    this.rows = this.#table.numRows;
  }

  /** A column of Float64. */
  numbers(name: string): Float64Array {
    const whole = new Float64Array(this.rows);
    this.#each(name, (data, at) => whole.set(valuesOf(data, Float64Array), at));
    return whole;
  }

  /** A column of UInt8. */
  bytes(name: string): Uint8Array {
    const whole = new Uint8Array(this.rows);
    this.#each(name, (data, at) => whole.set(valuesOf(data, Uint8Array), at));
    return whole;
  }

  /** A column of LowCardinality(String). */
  codes(name: string): CodedColumn {
    const codes = new Int32Array(this.rows);
    const names: string[] = [];
    this.#each(name, (data, at) => {
      codes.set(valuesOf(data, Int32Array), at);
      // The dictionary is one for the whole answer.
      const { dictionary } = data;
      for (let i = names.length; i < (dictionary?.length ?? 0); i += 1) {
        names.push(String(dictionary?.get(i)));
      }
    });
    return { codes, names };
  }

  /** A column of String. */
  texts(name: string): TextColumn {
    let length = 0;
    this.#each(name, (data) => (length += data.valueOffsets[data.length] ?? 0));
    const bytes = new Uint8Array(length);
    const starts = new Float64Array(this.rows + 1);
    let from = 0;
    this.#each(name, (data, at) => {
      const offsets = data.valueOffsets;
      bytes.set(valuesOf(data, Uint8Array).subarray(0, offsets[data.length]), from);
      for (let i = 0; i <= data.length; i += 1) starts[at + i] = from + (offsets[i] as number);
      from += offsets[data.length] ?? 0;
    });
    return new TextColumn(bytes, starts);
  }

  /** A column of Decimal(38, s), in units of its last digit. */
  decimals(name: string): bigint[] {
    const whole: bigint[] = [];
    this.#each(name, (data) => {
      const words = valuesOf(data, Uint32Array);
      const halves = new BigUint64Array(words.slice().buffer);
      for (let i = 0; i < data.length; i += 1) {
        const high = BigInt.asIntN(64, halves[2 * i + 1] ?? 0n);
        const low = halves[2 * i] ?? 0n;
        whole.push(high === 0n ? low : high * TWO_64 + low);
      }
    });
    return whole;
  }

  #each(name: string, take: (data: Data, at: number) => void): void {
    const index = this.#table.schema.fields.findIndex((field) => field.name === name);
    let at = 0;
    for (const { data, numRows } of this.#table.batches) {
      const column = data.children[index];
      if (column === undefined) throw new RangeError(`the answer has no column ${name}`);
      if (column.nullCount > 0) throw new RangeError(`the column ${name} has NULLs`);
      take(column, at);
      at += numRows;
    }
  }
}

/** A batch's values, as the array that the column's type has. */
function valuesOf<T>(data: Data, type: abstract new (...args: never[]) => T): T {
  const { values } = data as { values: unknown };
  if (values instanceof type) return values;
  throw new RangeError(`expected a column of ${type.name}`);
}
