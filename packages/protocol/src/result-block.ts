/**
 * The result block: what one commit attributed, in one versioned msgpack value. Conversions and their touchpoints are
 * each an entry ({@link EntryWriter}), so that there is one codec for events, facts and results.
 *
 *   [version, models, conversions (entry), values, revisions, reasons, touch counts, touches (entry), weights]
 *
 * - models: names, in the order of the weights
 * - values: net value of each conversion as decimal text, "" where it has none
 * - revisions, touch counts: LEB128 each; reasons: a byte each, see REVISION_REASONS
 * - weights: float64 little endian; for each conversion, for each model, for each of its touches in path order
 */
import { Buffer } from "node:buffer";
import { EntryWriter, type EventRow, type RowDictionaries } from "./entry.ts";
import { EntryReader } from "./entry-reader.ts";
import { ProtocolError } from "./errors.ts";
import { MsgpackReader, MsgpackWriter } from "./msgpack.ts";

export const RESULT_VERSION = 1;

/** Why a conversion got a result. Never reorder: codes are stored. */
export const REVISION_REASONS = ["first", "late_touchpoint", "refund", "merge"] as const;
export type RevisionReason = (typeof REVISION_REASONS)[number];
export const REASON_FIRST = 0;
export const REASON_LATE_TOUCHPOINT = 1;
export const REASON_REFUND = 2;

/** Builds result blocks. */
export class ResultWriter {
  readonly #models: readonly string[];
  readonly #conversions: EntryWriter;
  readonly #touches: EntryWriter;
  readonly #values: string[] = [];
  readonly #revisions: number[] = [];
  readonly #reasons: number[] = [];
  readonly #touchCounts: number[] = [];
  #weights = new Float64Array(1024);
  #weightCount = 0;

  /** @param models whose weights each conversion carries, in this order */
  constructor(models: readonly string[], dictionaries: RowDictionaries) {
    this.#models = models;
    this.#conversions = new EntryWriter(dictionaries);
    this.#touches = new EntryWriter(dictionaries);
  }

  /** Conversions in the block. */
  get count(): number {
    return this.#conversions.count;
  }

  /** Touchpoints in the block: bounded by the writer's caller, as an entry is. */
  get touchCount(): number {
    return this.#touches.count;
  }

  /** Begins a conversion; its touches follow, then its weights. @param value net, as decimal text or "" */
  conversion(
    row: EventRow,
    value: string,
    revision: number,
    reason: number,
    touches: number,
  ): void {
    this.#conversions.append(row);
    this.#values.push(value);
    this.#revisions.push(revision);
    this.#reasons.push(reason);
    this.#touchCounts.push(touches);
  }

  /** A touchpoint of the conversion begun last, in path order. */
  touch(row: EventRow): void {
    this.#touches.append(row);
  }

  /** The conversion's weights, model by model: models × touches numbers from `weights[0]` on. */
  weights(weights: Float64Array, length: number): void {
    if (this.#weightCount + length > this.#weights.length) {
      const grown = new Float64Array(
        Math.max(this.#weights.length * 2, this.#weightCount + length),
      );
      grown.set(this.#weights);
      this.#weights = grown;
    }
    for (let i = 0; i < length; i += 1) {
      this.#weights[this.#weightCount + i] = weights[i] as number;
    }
    this.#weightCount += length;
  }

  /** Adds the trace context (25 bytes) of the batch that the results are of. */
  trace(context: Uint8Array): void {
    this.#conversions.trace(context);
  }

  /** The block's bytes; the writer is empty afterwards. */
  finish(): Buffer {
    const count = this.count;
    const conversions = this.#conversions.finish();
    const touches = this.#touches.finish();
    const writer = new MsgpackWriter(
      conversions.length + touches.length + this.#weightCount * 8 + count * 16 + 256,
    );
    writer.array(9);
    writer.number(RESULT_VERSION);
    writer.array(this.#models.length);
    for (const model of this.#models) writer.text(model);
    writer.binary(conversions, conversions.length);
    writer.array(count);
    for (const value of this.#values) writer.text(value);
    for (const column of [this.#revisions, this.#reasons, this.#touchCounts]) {
      writer.array(count);
      for (const value of column) writer.number(value);
    }
    writer.binary(touches, touches.length);
    const weights = Buffer.allocUnsafe(this.#weightCount * 8);
    for (let i = 0; i < this.#weightCount; i += 1) {
      weights.writeDoubleLE(this.#weights[i] as number, i * 8);
    }
    writer.binary(weights, weights.length);
    for (const column of [this.#revisions, this.#reasons, this.#touchCounts]) column.length = 0;
    this.#values.length = 0;
    this.#weightCount = 0;
    return writer.finish();
  }

  /** Forgets what was written. */
  clear(): void {
    this.finish();
  }
}

/** A decoded result block. The two readers give their rows in step: `touchCounts[i]` touches for the i-th conversion. */
export interface ResultBlock {
  readonly models: readonly string[];
  readonly conversions: EntryReader;
  /** Decimal text, or "". */
  readonly values: readonly string[];
  readonly revisions: readonly number[];
  /** Index into REVISION_REASONS. */
  readonly reasons: readonly number[];
  readonly touchCounts: readonly number[];
  readonly touches: EntryReader;
  readonly weights: Float64Array;
}

/** Reads a result block. @throws ProtocolError `entry_malformed` or `entry_version` */
export function readResultBlock(bytes: Uint8Array, dictionaries: RowDictionaries): ResultBlock {
  const reader = new MsgpackReader(bytes);
  if (reader.array() !== 9) throw new ProtocolError("entry_malformed", "not a result block");
  const version = reader.number();
  if (version !== RESULT_VERSION) {
    throw new ProtocolError(
      "entry_version",
      `result version ${version}; this reads ${RESULT_VERSION}`,
    );
  }
  const models = list(reader, () => reader.text());
  const conversions = new EntryReader(reader.binary(), dictionaries);
  const values = list(reader, () => reader.text());
  const revisions = list(reader, () => reader.number());
  const reasons = list(reader, () => reader.number());
  const touchCounts = list(reader, () => reader.number());
  const touches = new EntryReader(reader.binary(), dictionaries);
  const packed = reader.binary();
  if (packed.length % 8 !== 0) {
    throw new ProtocolError(
      "entry_malformed",
      "not a result block: its weights are not whole numbers of float64",
    );
  }
  // Copied, because float64 wants an alignment that a view into a message does not have.
  const weights = new Float64Array(new Uint8Array(packed).buffer);
  const total = touchCounts.reduce((sum, count) => sum + count, 0);
  if (
    total !== touches.count ||
    weights.length !== total * models.length ||
    touchCounts.length !== conversions.count
  ) {
    throw new ProtocolError("entry_malformed", "not a result block: the columns' lengths differ");
  }
  return { models, conversions, values, revisions, reasons, touchCounts, touches, weights };
}

function list<T>(reader: MsgpackReader, read: () => T): T[] {
  const items: T[] = [];
  for (let left = reader.array(); left > 0; left -= 1) items.push(read());
  return items;
}
