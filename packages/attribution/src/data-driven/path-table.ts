import { AttributionError } from "../errors.ts";
import { SequenceIndex } from "./sequence-index.ts";

/** Conversions and other ends of each path, by path number. */
export interface PathCounts {
  /** Conversions that ended on the path. */
  readonly conversions: Float64Array;
  /** Value of those conversions together. */
  readonly values: Float64Array;
  /** Journeys that took the path and did not convert. */
  readonly nulls: Float64Array;
}

/**
 * Aggregated paths as columns: each different path once, with its counts. The touches of path p are
 * `touches[starts[p]]` … `touches[starts[p + 1] - 1]`, oldest first.
 */
export interface PathTable extends PathCounts {
  /** Names by channel number. */
  readonly channels: readonly string[];
  readonly starts: Int32Array;
  readonly touches: Int32Array;
  /** The channel number of each touch number: of itself, but after the `frequency` transform. */
  readonly touchChannels: Int32Array;
}

/** One aggregated path. */
export interface PathRow {
  /** Channels, oldest touch first: names, or numbers where the names are given apart. Empty: no touchpoint. */
  readonly path: readonly string[] | Int32Array;
  readonly conversions: number;
  /** Value of the conversions together; 0 where there are none. */
  readonly value: number;
  /** Journeys that did not convert. */
  readonly nulls: number;
}

/**
 * Reads aggregated paths into a table; equal paths become one.
 * @param channels names by number, for rows whose path is numbers
 * @param pathOfRow the path number of each row is appended to it
 * @throws AttributionError `paths_invalid`, naming the row (from 0) and field
 *
 * Cost: one look-up in a hash map a touch.
 */
export function tabulatePaths(
  rows: Iterable<PathRow>,
  channels: readonly string[] = [],
  pathOfRow: number[] = [],
): PathTable {
  const builder = new PathTableBuilder();
  const numberOf = new Map<string, number>();
  for (const name of channels) numberOf.set(name, numberOf.size);
  if (numberOf.size !== channels.length) throw invalid("channels", "names that differ", channels);
  let numbers = new Int32Array(64);
  let rowIndex = 0;
  for (const row of rows) {
    const { length } = row.path;
    if (numbers.length < length) numbers = new Int32Array(2 * length);
    for (const [i, channel] of row.path.entries()) {
      if (typeof channel === "number") {
        if (!(channel >= 0 && channel < channels.length)) {
          throw invalid(
            `rows[${rowIndex}].path[${i}]`,
            `a channel number below ${channels.length}`,
            channel,
          );
        }
        numbers[i] = channel;
        continue;
      }
      let number = numberOf.get(channel);
      if (number === undefined) numberOf.set(channel, (number = numberOf.size));
      numbers[i] = number;
    }
    checkCounts(row, rowIndex);
    pathOfRow.push(builder.add(numbers, length, row.conversions, row.value, row.nulls));
    rowIndex += 1;
  }
  return builder.finish(
    [...numberOf.keys()],
    Int32Array.from(numberOf.keys(), (_, i) => i),
  );
}

/** Collects paths into a table, adding up the counts of equal ones. */
export class PathTableBuilder {
  readonly #index = new SequenceIndex();
  readonly #touches: number[] = [];
  readonly #starts: number[] = [0];
  readonly #conversions: number[] = [];
  readonly #values: number[] = [];
  readonly #nulls: number[] = [];

  /** @param touches the first `length` of it are the path @returns its number */
  add(
    touches: Int32Array,
    length: number,
    conversions: number,
    value: number,
    nulls: number,
  ): number {
    const path = this.#index.add(touches, 0, length);
    if (path === this.#conversions.length) {
      for (let i = 0; i < length; i += 1) this.#touches.push(touches[i] ?? 0);
      this.#starts.push(this.#touches.length);
      this.#conversions.push(0);
      this.#values.push(0);
      this.#nulls.push(0);
    }
    this.#conversions[path] = (this.#conversions[path] ?? 0) + conversions;
    this.#values[path] = (this.#values[path] ?? 0) + value;
    this.#nulls[path] = (this.#nulls[path] ?? 0) + nulls;
    return path;
  }

  finish(channels: readonly string[], touchChannels: Int32Array): PathTable {
    return {
      channels,
      touchChannels,
      starts: Int32Array.from(this.#starts),
      touches: Int32Array.from(this.#touches),
      conversions: Float64Array.from(this.#conversions),
      values: Float64Array.from(this.#values),
      nulls: Float64Array.from(this.#nulls),
    };
  }
}

function checkCounts({ conversions, value, nulls }: PathRow, row: number): void {
  for (const [field, count] of Object.entries({ conversions, value, nulls })) {
    if (!(count >= 0 && count < Infinity)) {
      throw invalid(`rows[${row}].${field}`, "a finite number, 0 or more", count);
    }
  }
  if (value > 0 && conversions === 0) {
    throw invalid(`rows[${row}].value`, "0 where there is no conversion to carry it", value);
  }
}

function invalid(field: string, expected: string, got: unknown): AttributionError {
  return new AttributionError(
    "paths_invalid",
    `${field}: expected ${expected}, got ${String(got)}`,
  );
}
