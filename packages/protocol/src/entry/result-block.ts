/**
 * The result block: what one commit attributed, in one versioned msgpack value. Conversions and their touchpoints are
 * each an entry ({@link EntryWriter}), so that there is one codec for events, facts and results.
 *
 *   [version, models, conversions (entry), values, revisions, reasons, touch counts, touches (entry),
 *    run lengths, weights, generations, anonymous IDs]
 *
 * - models: names, in the order of the weights
 * - values: net value of each conversion as decimal text, "" where it has none
 * - revisions, reasons (see REVISION_REASONS), touch counts: an integer each
 * - weights: for each conversion, for each model, for each of its touches in path order, a weight; equal ones that follow
 *   each other are a run: its length, and one float64 little endian. Most models give most touches the same, so that
 *   a path of 25 touches under six models takes a quarter of what it would otherwise.
 * - generations: one a conversion, see docs/identity.md. Where all are 0 the field is left out, and the version is 2.
 * - anonymous IDs: of each conversion that belongs to a user by a link the anonymousId that it was sent under, "" of the
 *   others. Where all are "" the field is left out, and the version is 3.
 */
import { Buffer } from "node:buffer";
import { EntryWriter } from "./entry-writer.ts";
import type { EventRow, RowDictionaries } from "./event-row.ts";
import { EntryReader } from "./reader.ts";
import { ProtocolError } from "../errors.ts";
import { MsgpackReader } from "../bytes/msgpack-reader.ts";
import { MsgpackWriter } from "../bytes/msgpack-writer.ts";

export const RESULT_VERSION = 4;
/** Without anonymous IDs. */
const GENERATIONS_VERSION = 3;
/** Without generations and anonymous IDs. */
const PLAIN_VERSION = 2;
/** Fields of a block of each version. */
const FIELDS: Readonly<Record<number, number>> = {
  [PLAIN_VERSION]: 10,
  [GENERATIONS_VERSION]: 11,
  [RESULT_VERSION]: 12,
};

/** Why a conversion got a result. Never reorder: codes are stored. */
export const REVISION_REASONS = [
  "first",
  "late_touchpoint",
  "refund",
  "merge",
  "duplicate",
  "duplicate_order",
] as const;
export type RevisionReason = (typeof REVISION_REASONS)[number];
export const REASON_FIRST = 0;
export const REASON_LATE_TOUCHPOINT = 1;
export const REASON_REFUND = 2;
export const REASON_MERGE = 3;
/** The person has another event of this ID, which counts. */
export const REASON_DUPLICATE = 4;
/** Another conversion of its order ID and name came first, and counts. */
export const REASON_DUPLICATE_ORDER = 5;

/** The reasons that withdraw a conversion: another one counts in its place. Such a result has no touches and no value. */
export const WITHDRAWN_REASONS = [
  "duplicate",
  "duplicate_order",
] as const satisfies readonly RevisionReason[];

/** Whether a result withdraws its conversion. @param reason index into REVISION_REASONS */
export function isWithdrawn(reason: number | undefined): boolean {
  return reason === REASON_DUPLICATE || reason === REASON_DUPLICATE_ORDER;
}

/** Builds result blocks. */
export class ResultWriter {
  readonly #models: readonly string[];
  readonly #conversions: EntryWriter;
  readonly #touches: EntryWriter;
  readonly #values: string[] = [];
  readonly #revisions: number[] = [];
  readonly #reasons: number[] = [];
  readonly #touchCounts: number[] = [];
  readonly #generations: number[] = [];
  readonly #anonymousIds: string[] = [];
  readonly #runLengths: number[] = [];
  /** One a run. */
  readonly #weights: number[] = [];

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

  /**
   * Begins a conversion; its touches follow, then its weights. @param value net, as decimal text or ""
   * @param anonymousId that it was sent under, where it is another user's by a link; else ""
   */
  conversion(
    row: EventRow,
    value: string,
    revision: number,
    reason: number,
    touches: number,
    generation = 0,
    anonymousId = "",
  ): void {
    this.#generations.push(generation);
    this.#anonymousIds.push(anonymousId);
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
    const lengths = this.#runLengths;
    const values = this.#weights;
    let run = values.length - 1;
    for (let i = 0; i < length; i += 1) {
      const weight = weights[i] as number;
      if (run >= 0 && values[run] === weight) {
        lengths[run] = (lengths[run] as number) + 1;
      } else {
        values.push(weight);
        lengths.push(1);
        run += 1;
      }
    }
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
      conversions.length + touches.length + this.#weights.length * 9 + count * 16 + 256,
    );
    const version = this.#version();
    writer.array(FIELDS[version] ?? 0);
    writer.number(version);
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
    writer.array(this.#runLengths.length);
    for (const length of this.#runLengths) writer.number(length);
    const weights = Buffer.allocUnsafe(this.#weights.length * 8);
    for (const [i, weight] of this.#weights.entries()) weights.writeDoubleLE(weight, i * 8);
    writer.binary(weights, weights.length);
    if (version >= GENERATIONS_VERSION) {
      writer.array(count);
      for (const generation of this.#generations) writer.number(generation);
    }
    if (version >= RESULT_VERSION) {
      writer.array(count);
      for (const anonymousId of this.#anonymousIds) writer.text(anonymousId);
    }
    this.#generations.length = 0;
    this.#anonymousIds.length = 0;
    for (const column of [this.#revisions, this.#reasons, this.#touchCounts]) column.length = 0;
    this.#values.length = 0;
    this.#runLengths.length = 0;
    this.#weights.length = 0;
    return writer.finish();
  }

  /** The lowest version that holds what was written. */
  #version(): number {
    if (this.#anonymousIds.some((anonymousId) => anonymousId !== "")) return RESULT_VERSION;
    const isPlain = this.#generations.every((generation) => generation === 0);
    return isPlain ? PLAIN_VERSION : GENERATIONS_VERSION;
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
  /** Of the conversions' owners; of two results the one of the higher generation is valid. */
  readonly generations: readonly number[];
  /** That each conversion was sent under, where it belongs to a user by a link; "" where its row's user sent it. */
  readonly anonymousIds: readonly string[];
}

/** Reads a result block. @throws ProtocolError `entry_malformed` or `entry_version` */
export function readResultBlock(bytes: Uint8Array, dictionaries: RowDictionaries): ResultBlock {
  const reader = new MsgpackReader(bytes);
  const fields = reader.array();
  const isKnown = Object.values(FIELDS).includes(fields);
  const version = isKnown ? reader.number() : -1;
  if (version > RESULT_VERSION) {
    throw new ProtocolError(
      "entry_version",
      `result version ${version}; this reads ${PLAIN_VERSION} to ${RESULT_VERSION}`,
    );
  }
  if (FIELDS[version] !== fields) {
    throw new ProtocolError("entry_malformed", "not a result block");
  }
  const models = list(reader, () => reader.text());
  const conversions = new EntryReader(reader.binary(), dictionaries);
  const values = list(reader, () => reader.text());
  const revisions = list(reader, () => reader.number());
  const reasons = list(reader, () => reader.number());
  const touchCounts = list(reader, () => reader.number());
  const touches = new EntryReader(reader.binary(), dictionaries);
  const lengths = list(reader, () => reader.number());
  const packed = reader.binary();
  const total = touchCounts.reduce((sum, count) => sum + count, 0);
  if (total !== touches.count || touchCounts.length !== conversions.count) throw unequalColumns();
  const weights = unpackRuns(lengths, packed, total * models.length);
  const generations =
    version >= GENERATIONS_VERSION ? list(reader, () => reader.number()) : revisions.map(() => 0);
  const anonymousIds =
    version >= RESULT_VERSION ? list(reader, () => reader.text()) : revisions.map(() => "");
  if (generations.length !== conversions.count || anonymousIds.length !== conversions.count) {
    throw unequalColumns();
  }
  return {
    models,
    conversions,
    values,
    revisions,
    reasons,
    touchCounts,
    touches,
    weights,
    generations,
    anonymousIds,
  };
}

/** @param count weights that there must be, which bounds what a few bytes can claim */
function unpackRuns(lengths: readonly number[], packed: Uint8Array, count: number): Float64Array {
  const sum = lengths.reduce((total, length) => total + length, 0);
  if (sum !== count || packed.length !== lengths.length * 8) throw unequalColumns();
  const weights = new Float64Array(count);
  const values = new DataView(packed.buffer, packed.byteOffset, packed.byteLength);
  let at = 0;
  for (const [run, length] of lengths.entries()) {
    weights.fill(values.getFloat64(run * 8, true), at, at + length);
    at += length;
  }
  return weights;
}

function unequalColumns(): ProtocolError {
  return new ProtocolError("entry_malformed", "not a result block: the columns' lengths differ");
}

function list<T>(reader: MsgpackReader, read: () => T): T[] {
  const items: T[] = [];
  for (let left = reader.array(); left > 0; left -= 1) items.push(read());
  return items;
}
