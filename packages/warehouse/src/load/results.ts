import { Buffer } from "node:buffer";
import { creditResult, resultValue, type ResultCredits } from "@tributary/attribution";
import {
  createRowDictionaries,
  DIMENSION_FIELDS,
  EVENT_TYPES,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_TYPE_MASK,
  isWithdrawn,
  readRareFields,
  readResultBlock,
  REVISION_REASONS,
  type Dictionary,
  type ResultBlock,
  type RowDictionaries,
} from "@tributary/protocol";
import type { Column } from "../engine/engine.ts";
import {
  boundDictionaries,
  malformedRows,
  plainBytes,
  rowsError,
  writeEventId,
  writeUserKey,
  type BlockPlace,
  type RowBatch,
} from "./row-batch.ts";
import { RowBinaryWriter } from "./row-binary.ts";
import { ATTRIBUTIONS_TABLE } from "../engine/schema.ts";

/** The columns of `attributions` in the order in which {@link ResultRows} writes them. */
const ATTRIBUTION_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "conversion_id", type: "String" },
  { name: "user_key", type: "String" },
  { name: "is_anonymous", type: "Bool" },
  { name: "conversion_time", type: "DateTime64(3, 'UTC')" },
  { name: "name", type: "String" },
  { name: "currency", type: "String" },
  { name: "order_id", type: "String" },
  { name: "value", type: "Decimal(38, 12)" },
  { name: "revision", type: "UInt32" },
  { name: "generation", type: "UInt64" },
  { name: "reason", type: "String" },
  { name: "partition", type: "UInt16" },
  { name: "position", type: "String" },
  { name: "events_position", type: "String" },
  { name: "attributed_at", type: "DateTime64(3, 'UTC')" },
  { name: "trace_id", type: "String" },
  { name: "sent_user_key", type: "String" },
  { name: "sent_anonymous", type: "Bool" },
  { name: "touches", type: "UInt32" },
  { name: "touch_id", type: "Array(String)" },
  { name: "touch_type", type: "Array(String)" },
  { name: "touch_time", type: "Array(DateTime64(3, 'UTC'))" },
  ...DIMENSION_FIELDS.map((field): Column => ({ name: `touch_${field}`, type: "Array(String)" })),
  { name: "credit_model", type: "Array(String)" },
  { name: "credit_touch", type: "Array(UInt32)" },
  { name: "credit_share", type: "Array(Decimal(18, 12))" },
  { name: "credit_value", type: "Array(Decimal(38, 12))" },
];

const TRACE_ID_BYTES = 16;

/** Makes rows of `attributions` of result blocks. Money and credits are shared out exactly. */
export class ResultRows {
  readonly #writer = new RowBinaryWriter();
  readonly #dictionaries: RowDictionaries;
  readonly #row = new EventRow();
  /** Touchpoints of the current path: their arrays are written column by column. */
  readonly #path: EventRow[] = [];
  /** Models are names in UTF-8. */
  readonly #credits: ResultCredits<Uint8Array> = {
    models: [],
    touches: [],
    shares: [],
    values: [],
  };
  #rows = 0;
  #traces: Uint8Array = new Uint8Array(0);
  /** Trace ID of the current block, in hexadecimal UTF-8. */
  #traceId: Uint8Array = new Uint8Array(0);

  /** @param seed of the dictionaries' hash, secret where the strings come from strangers */
  constructor(seed: number) {
    this.#dictionaries = createRowDictionaries(seed);
  }

  /** Rows added since {@link clear}. */
  get rows(): number {
    return this.#rows;
  }

  /** Trace contexts of the block added last, 25 bytes each. */
  get traces(): Uint8Array {
    return this.#traces;
  }

  /**
   * Adds a block's conversions; either all of them or none.
   * @param entryId of the block, `<ms>-<number>`
   * @param committedId that the block's commit reached in the events
   * @returns rows added
   * @throws WarehouseError `block_undecodable` where the bytes cannot be read; another error says nothing about them
   */
  add(block: Uint8Array, partition: number, entryId: string, committedId = ""): number {
    const before = this.#writer.length;
    let count = 0;
    try {
      const result = readResultBlock(plainBytes(block), this.#dictionaries);
      this.#traceId = new TextEncoder().encode(traceIdOf(result.conversions.traces));
      const models = result.models.map((model) => new TextEncoder().encode(model));
      let firstWeight = 0;
      while (result.conversions.next(this.#row)) {
        const touches = result.touchCounts[count] ?? 0;
        this.#readPath(result, touches);
        this.#appendConversion(result, count, { partition, entryId, committedId });
        this.#appendPath(touches);
        const isCounted = !isWithdrawn(result.reasons[count]);
        const value = resultValue(result.values[count] ?? "");
        const credited = isCounted ? models : [];
        creditResult(this.#credits, credited, result.weights, value, touches, firstWeight);
        this.#appendCredits();
        firstWeight += touches * models.length;
        count += 1;
      }
      this.#traces = result.conversions.traces;
    } catch (error) {
      this.#writer.truncate(before);
      throw rowsError(error);
    }
    this.#rows += count;
    return count;
  }

  /** The rows added so far. They are valid until the next {@link add} or {@link clear}. */
  finish(): RowBatch {
    return {
      table: ATTRIBUTIONS_TABLE,
      columns: ATTRIBUTION_COLUMNS,
      bytes: this.#writer.written(),
      rows: this.#rows,
    };
  }

  /** Drops all rows. */
  clear(): void {
    this.#writer.truncate(0);
    this.#rows = 0;
    boundDictionaries(this.#dictionaries);
  }

  #readPath(result: ResultBlock, touches: number): void {
    while (this.#path.length < touches) this.#path.push(new EventRow());
    for (let i = 0; i < touches; i += 1) {
      if (!result.touches.next(this.#path[i] as EventRow)) {
        throw malformedRows("fewer touchpoints than counted");
      }
    }
  }

  #appendConversion(result: ResultBlock, index: number, place: BlockPlace): void {
    const writer = this.#writer;
    const row = this.#row;
    const rare = readRareFields(row);
    const reason = REVISION_REASONS[result.reasons[index] ?? 0];
    if (reason === undefined) throw malformedRows(`reason ${result.reasons[index]}`);
    writer.string(this.#dictionaries.tenants.text(row.tenant));
    writeEventId(writer, row);
    writeUserKey(writer, row);
    writer.uint8((row.flags & FLAG_ANONYMOUS) === 0 ? 0 : 1);
    writer.dateTime64(row.time);
    writer.string(rare.name);
    writer.string(rare.currency);
    writer.string(rare.orderId);
    writer.decimal128(resultValue(result.values[index] ?? ""));
    writer.uint32(result.revisions[index] ?? 0);
    writer.uint64(result.generations[index] ?? 0);
    writer.string(reason);
    writer.uint16(place.partition);
    writer.string(place.entryId);
    writer.string(place.committedId);
    writer.dateTime64(Number.parseInt(place.entryId, 10));
    writer.stringBytes(this.#traceId, 0, this.#traceId.length);
    const anonymousId = result.anonymousIds[index] ?? "";
    if (anonymousId === "") writeUserKey(writer, row);
    else writer.string(anonymousId);
    writer.uint8(anonymousId === "" && (row.flags & FLAG_ANONYMOUS) === 0 ? 0 : 1);
  }

  #appendPath(touches: number): void {
    const writer = this.#writer;
    const path = this.#path;
    writer.uint32(touches);
    writer.arrayLength(touches);
    for (let i = 0; i < touches; i += 1) writeEventId(writer, path[i] as EventRow);
    writer.arrayLength(touches);
    for (let i = 0; i < touches; i += 1) {
      writer.string(EVENT_TYPES[(path[i] as EventRow).flags & FLAG_TYPE_MASK] ?? "");
    }
    writer.arrayLength(touches);
    for (let i = 0; i < touches; i += 1) writer.dateTime64((path[i] as EventRow).time);
    for (let d = 0; d < DIMENSION_FIELDS.length; d += 1) {
      const dictionary = this.#dictionaries.dimensions[d] as Dictionary;
      writer.arrayLength(touches);
      for (let i = 0; i < touches; i += 1) {
        const code = (path[i] as EventRow).dimensions[d] as number;
        if (code === 0) {
          writer.emptyString();
          continue;
        }
        const text = dictionary.bytes(code);
        writer.stringBytes(text, 0, text.length);
      }
    }
  }

  #appendCredits(): void {
    const writer = this.#writer;
    const { models, touches, shares, values } = this.#credits;
    writer.arrayLength(models.length);
    for (const model of models) writer.stringBytes(model, 0, model.length);
    writer.arrayLength(touches.length);
    for (const touch of touches) writer.uint32(touch);
    writer.arrayLength(shares.length);
    for (const share of shares) writer.decimal64(share);
    writer.arrayLength(values.length);
    for (const value of values) writer.decimal128(value);
  }
}

/** The trace ID of the first context, its first 16 bytes; "" without a context. */
function traceIdOf(traces: Uint8Array): string {
  return Buffer.from(traces.subarray(0, TRACE_ID_BYTES)).toString("hex");
}
