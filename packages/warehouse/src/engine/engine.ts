import type { Readable } from "node:stream";

/** A column of a table as a loader writes it: its name and its type in RowBinary. */
export interface Column {
  readonly name: string;
  /** ClickHouse's type, such as `Decimal(38, 12)`. LowCardinality(String) is written as `String`. */
  readonly type: string;
}

/** A value of a query's `{name:Type}` placeholder. */
export type QueryParameter = string | number | boolean | readonly string[];
export type QueryParameters = Readonly<Record<string, QueryParameter>>;

/**
 * The warehouse's engine: chDB in this process, or a ClickHouse server. Both speak the same SQL.
 * Every method rejects with WarehouseError.
 */
export interface WarehouseEngine {
  /** Statements that have begun and not ended. */
  readonly statements: number;
  /**
   * Runs a SELECT without FORMAT and SETTINGS of its own. Decimals and 64-bit integers come as text, so that none
   * is rounded on the way; smaller integers and floats as numbers.
   * @param params values of `{name:Type}` placeholders, bound by the engine
   */
  query<T>(sql: string, params?: QueryParameters): Promise<T[]>;
  /**
   * Runs a SELECT as {@link query} does, for answers of millions of rows: columns in the format of Apache Arrow (file), strings
   * of low cardinality as dictionaries.
   */
  queryArrow(sql: string, params?: QueryParameters): Promise<Uint8Array<ArrayBuffer>>;
  /** Runs a SELECT as {@link query} does, for an answer as Apache Parquet (file). */
  queryParquet(sql: string, params?: QueryParameters): Promise<Buffer>;
  /**
   * As {@link queryParquet}, for answers of any size: the file as it is written, in bounded memory. An error after the first
   * bytes destroys the stream.
   */
  exportParquet(sql: string, params?: QueryParameters): Promise<Readable>;
  /** A text that changes with each insert, by any process: an answer of an earlier version may be stale. */
  dataVersion(): Promise<string>;
  /** Runs a statement without an answer. */
  command(sql: string): Promise<void>;
  /**
   * Appends rows. Once it resolves they survive the death of the process.
   * @param table with its database, such as `tributary.events`
   * @param columns in the order of the bytes
   * @param bytes rows in the RowBinary format; must not change until the promise settles
   */
  insertRowBinary(table: string, columns: readonly Column[], bytes: Uint8Array): Promise<void>;
  /** Resolves when the engine answers. */
  ping(): Promise<void>;
  /** Waits for the running statements, then releases the engine. */
  close(): Promise<void>;
}

/** Bounds of an engine. */
export interface EngineLimits {
  /** Longest run of a query, ms. */
  readonly queryTimeoutMs: number;
}

/** Where the warehouse is: a chDB folder, or a ClickHouse server such as `http://user:password@127.0.0.1:8123`. */
export type WarehouseLocation =
  | { readonly dataDir: string; readonly clickhouseUrl?: never }
  | { readonly clickhouseUrl: string; readonly dataDir?: never };

/** Settings of every query's answer. */
export const OUTPUT_SETTINGS = {
  output_format_json_quote_decimals: 1,
  output_format_json_quote_64bit_integers: 1,
} as const;

/**
 * Settings of an answer in Arrow: ends of strings as 32-bit numbers, no compression, and large blocks. Blocks of the usual size come
 * out small where a query keeps few of their rows; large ones are a quarter faster.
 */
export const ARROW_SETTINGS = {
  output_format_arrow_low_cardinality_as_dictionary: 1,
  output_format_arrow_use_64_bit_indexes_for_dictionary: 0,
  output_format_arrow_compression_method: "'none'",
  max_block_size: 500_000,
  preferred_block_size_bytes: 0,
  preferred_max_column_in_block_size_bytes: 0,
} as const;

/**
 * Settings of inserts. Merges and FINAL replace rows: looking for replaced rows in each insert makes it 2.5 times as slow (3.0
 * instead of 1.2 µs a fact).
 */
export const INSERT_SETTINGS = { optimize_on_insert: 0 } as const;

/** Settings as a SETTINGS clause lists them. */
export function settingsList(settings: Readonly<Record<string, number | string>>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}`)
    .join(", ");
}

/** Column names as SQL writes them. */
export function columnNames(columns: readonly Column[]): string {
  return columns.map((column) => `\`${column.name}\``).join(", ");
}
