/**
 * Orders between partitions: records that an order's home and the partitions of its conversions log and send each other
 * (docs/identity.md). They are rows of {@link TYPE_IDENTITY} like records of identity, with the order ID as user key, and told apart
 * by {@link RARE_ORDER}, which their rare bytes begin with.
 */
import { Buffer } from "node:buffer";
import type { EventRow } from "../entry/event-row.ts";
import { FLAG_ID_UUID, FLAG_RARE, FLAG_USER_UUID } from "../entry/entry.ts";
import { ProtocolError } from "../errors.ts";
import { RARE_CURRENCY, RARE_NAME, RARE_ORDER, RARE_VALUE } from "../entry/rare.ts";
import { fillUserRow } from "./identity-rows.ts";

/** A conversion that is the first of its order in its partition, on its way to the order's home. A message. */
export const ORDER_CLAIM = 1;
/** The conversion that counts for an order: logged by the order's home, and by a partition that holds another conversion of it. A message to such. */
export const ORDER_WINNER = 2;
/** A refund of an order: a message to the order's home and from there to the partitions of its conversions, logged by both. */
export const ORDER_REFUND = 3;

/** Bytes of the digest that a conversion is known by in records of its order: they name nobody. */
export const CLAIMANT_BYTES = 8;

/** A record of an order, beside the order's ID, which is its row's user key. */
export interface OrderRecord {
  /** ORDER_* */
  kind: number;
  /** Number of the partition that holds a conversion of the order, or that a refund came to. */
  partition: number;
}

/** Field code, bin head, kind, partition. */
const RECORD_BYTES = 3 + 1 + 2;
/** Most bytes of a record's texts: a name, or a value and a currency, each with its field code and head. */
const MAX_TEXT_BYTES = 3 + 255;

/**
 * Fills rows of records of orders, all but their tenant, user key and the key's flags. Its buffer is used again with each row.
 */
export class OrderRowFiller {
  readonly #rare = Buffer.alloc(RECORD_BYTES + 2 * MAX_TEXT_BYTES);

  /**
   * A claim or a winner. @param claimant digest of the conversion @param name of the conversion
   * @param keptUntilMs the record is kept until no fact of this time is held any more, ms since 1970
   */
  fillClaim(
    row: EventRow,
    record: OrderRecord,
    claimant: Uint8Array,
    name: Uint8Array,
    keptUntilMs: number,
  ): void {
    this.#begin(row, record, keptUntilMs);
    row.id = claimant;
    row.idStart = 0;
    row.idLength = CLAIMANT_BYTES;
    this.#text(row, RARE_NAME, name);
  }

  /** A refund. @param id event ID, as a row has it @param uuid whether it is a UUID @param value decimal text, empty for all */
  fillRefund(
    row: EventRow,
    record: OrderRecord,
    id: Uint8Array,
    uuid: boolean,
    value: Uint8Array,
    currency: Uint8Array,
    keptUntilMs: number,
  ): void {
    this.#begin(row, record, keptUntilMs);
    row.id = id;
    row.idStart = 0;
    row.idLength = id.length;
    if (uuid) row.flags |= FLAG_ID_UUID;
    this.#text(row, RARE_VALUE, value);
    this.#text(row, RARE_CURRENCY, currency);
  }

  #begin(row: EventRow, { kind, partition }: OrderRecord, keptUntilMs: number): void {
    row.flags &= FLAG_USER_UUID;
    fillUserRow(row, keptUntilMs);
    row.flags |= FLAG_RARE;
    const rare = this.#rare;
    rare[0] = RARE_ORDER;
    rare[1] = 0xc4;
    rare[2] = RECORD_BYTES - 3;
    rare[3] = kind;
    rare.writeUInt16BE(partition, 4);
    row.rare = rare;
    row.rareStart = 0;
    row.rareLength = RECORD_BYTES;
  }

  #text(row: EventRow, code: number, text: Uint8Array): void {
    if (text.length === 0) return;
    const rare = this.#rare;
    const at = row.rareLength;
    rare[at] = code;
    // The head of a text of up to 255 bytes.
    rare[at + 1] = 0xd9;
    rare[at + 2] = text.length;
    rare.set(text, at + 3);
    row.rareLength = at + 3 + text.length;
  }
}

/** Whether the rare bytes of a row of TYPE_IDENTITY are those of an order's record. */
export function isOrderRow(rare: Uint8Array, start: number, length: number): boolean {
  return length > 0 && rare[start] === RARE_ORDER;
}

/** Reads a record of an order. @throws ProtocolError `entry_malformed` */
export function readOrder(
  rare: Uint8Array,
  start: number,
  length: number,
  record: OrderRecord,
): void {
  if (length < RECORD_BYTES || rare[start] !== RARE_ORDER) {
    throw new ProtocolError("entry_malformed", "not an entry: a record of an order has no content");
  }
  record.kind = rare[start + 3] as number;
  record.partition = ((rare[start + 4] as number) << 8) | (rare[start + 5] as number);
}
