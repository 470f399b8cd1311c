import {
  createRowDictionaries,
  DIMENSION_COUNT,
  EntryReader,
  EVENT_TYPES,
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_RARE,
  FLAG_TYPE_MASK,
  readRareFields,
  unpackProperties,
  type Dictionary,
  type RowDictionaries,
} from "@tributary/protocol";
import type { Column } from "./engine.ts";
import { messageOf, WarehouseError } from "./errors.ts";
import {
  boundDictionaries,
  plainBytes,
  writeEventId,
  writeUserKey,
  type RowBatch,
} from "./row-batch.ts";
import { RowBinaryWriter } from "./row-binary.ts";
import { EVENTS_TABLE } from "./schema.ts";

/** The columns of `events` in the order in which {@link FactRows} writes them. */
const EVENT_COLUMNS: readonly Column[] = [
  { name: "tenant", type: "String" },
  { name: "event_id", type: "String" },
  { name: "type", type: "String" },
  { name: "time", type: "DateTime64(3, 'UTC')" },
  { name: "user_key", type: "String" },
  { name: "is_anonymous", type: "Bool" },
  { name: "source", type: "String" },
  { name: "medium", type: "String" },
  { name: "campaign", type: "String" },
  { name: "term", type: "String" },
  { name: "content", type: "String" },
  { name: "channel", type: "String" },
  { name: "name", type: "String" },
  { name: "value", type: "Nullable(Decimal(38, 12))" },
  { name: "currency", type: "String" },
  { name: "order_id", type: "String" },
  { name: "anonymous_id", type: "String" },
  { name: "referrer", type: "String" },
  { name: "url", type: "String" },
  { name: "properties", type: "String" },
  { name: "partition", type: "UInt16" },
  { name: "position", type: "String" },
];

/** Makes fact blocks into rows of `events`, without an object a row. */
export class FactRows {
  readonly #writer = new RowBinaryWriter();
  readonly #dictionaries: RowDictionaries;
  readonly #row = new EventRow();
  #rows = 0;
  #traces: Uint8Array = new Uint8Array(0);

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
   * Adds a block's facts; either all of them or none.
   * @param position entry ID of the block, `<ms>-<number>`
   * @returns rows added
   * @throws WarehouseError `block_undecodable`
   */
  add(block: Uint8Array, partition: number, position: string): number {
    const before = this.#writer.length;
    const row = this.#row;
    let count = 0;
    try {
      const reader = new EntryReader(plainBytes(block), this.#dictionaries);
      while (reader.next(row)) {
        this.#append(row, partition, position);
        count += 1;
      }
      this.#traces = reader.traces;
    } catch (error) {
      this.#writer.truncate(before);
      throw new WarehouseError("block_undecodable", messageOf(error), error);
    }
    this.#rows += count;
    return count;
  }

  /** The rows added so far. They are valid until the next {@link add} or {@link clear}. */
  finish(): RowBatch {
    return {
      table: EVENTS_TABLE,
      columns: EVENT_COLUMNS,
      bytes: this.#writer.written(),
      rows: this.#rows,
    };
  }

  /** Begins anew. */
  clear(): void {
    this.#writer.truncate(0);
    this.#rows = 0;
    boundDictionaries(this.#dictionaries);
  }

  #append(row: EventRow, partition: number, position: string): void {
    const writer = this.#writer;
    const type = EVENT_TYPES[row.flags & FLAG_TYPE_MASK];
    if (type === undefined) throw new RangeError(`event type ${row.flags & FLAG_TYPE_MASK}`);
    const tenant = this.#dictionaries.tenants.bytes(row.tenant);
    writer.stringBytes(tenant, 0, tenant.length);
    writeEventId(writer, row);
    writer.string(type);
    writer.dateTime64(row.time);
    writeUserKey(writer, row);
    writer.uint8((row.flags & FLAG_ANONYMOUS) === 0 ? 0 : 1);
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      const code = row.dimensions[i] as number;
      if (code === 0) {
        writer.emptyString();
        continue;
      }
      const text = (this.#dictionaries.dimensions[i] as Dictionary).bytes(code);
      writer.stringBytes(text, 0, text.length);
    }
    if ((row.flags & FLAG_RARE) !== 0) {
      appendRare(writer, row);
    } else {
      writer.emptyString();
      writer.uint8(1);
      for (let i = 0; i < 6; i += 1) writer.emptyString();
    }
    writer.uint16(partition);
    writer.string(position);
  }
}

/** The columns from `name` to `properties`. */
function appendRare(writer: RowBinaryWriter, row: EventRow): void {
  const rare = readRareFields(row);
  writer.string(rare.name);
  if (rare.value === undefined) {
    writer.uint8(1);
  } else {
    writer.uint8(0);
    writer.decimal128(rare.value);
  }
  writer.string(rare.currency);
  writer.string(rare.orderId);
  writer.string(rare.anonymousId);
  writer.string(rare.referrer);
  writer.string(rare.url);
  if (rare.properties === undefined) writer.emptyString();
  else writer.string(JSON.stringify(unpackProperties(rare.properties), jsonValue));
}

/** What msgpack has and JSON has not: integers beyond 2^53 become text. */
function jsonValue(_key: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
