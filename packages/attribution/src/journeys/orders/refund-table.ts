import { latestOf } from "../tables/latest-time.ts";
import { RecordPages, wordOf } from "../tables/record-pages.ts";
import type { OrderTable } from "./order-table.ts";

/** Words of a refund's record. */
const REFUND_PLACE = 0;
/** Length of the event ID, and whether it is a UUID and the refund logged as the order's. */
const REFUND_SHAPE = 1;
const VALUE_LENGTH = 2;
const CURRENCY_LENGTH = 3;
const NEXT_REFUND = 4;
/** Event time in units of 1,024 ms. */
const TIME = 5;
const TIME_UNIT_MS = 1024;

const LENGTH_MASK = 0xff;
const SHAPE_UUID = 0x100;
const SHAPE_LOGGED = 0x200;

/** The refunds of orders, numbered from 0, each event ID of an order once. Records of 32 bytes, texts in the orders' arena. */
export class RefundTable {
  readonly #orders: OrderTable;
  readonly #refunds = new RecordPages();
  #size = 0;

  constructor(orders: OrderTable) {
    this.#orders = orders;
  }

  /** Refunds held. */
  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#refunds.byteLength;
  }

  /** The order's next refund; −1 for none. */
  next(refund: number): number {
    return (this.#refunds.words(refund)[wordOf(refund) + NEXT_REFUND] as number) - 1;
  }

  /** An order's refund of an event ID, in the row's form; −1 where there is none. */
  find(order: number, id: Uint8Array, uuid: boolean): number {
    const shape = id.length | (uuid ? SHAPE_UUID : 0);
    for (let refund = this.#orders.firstRefund(order); refund >= 0; refund = this.next(refund)) {
      const words = this.#refunds.words(refund);
      const at = wordOf(refund);
      if (((words[at + REFUND_SHAPE] as number) & (LENGTH_MASK | SHAPE_UUID)) !== shape) continue;
      if (this.#orders.arena.equals(words[at + REFUND_PLACE] as number, id, 0, id.length))
        return refund;
    }
    return -1;
  }

  /** Adds a refund that {@link find} did not find. @param value decimal text, empty for all @returns its number */
  add(
    order: number,
    id: Uint8Array,
    uuid: boolean,
    value: Uint8Array,
    currency: Uint8Array,
    timeMs: number,
  ): number {
    const refund = this.#size;
    this.#refunds.reserve(refund);
    const words = this.#refunds.words(refund);
    const at = wordOf(refund);
    words[at + REFUND_PLACE] = this.#orders.arena.append(id, 0, id.length);
    this.#orders.arena.append(value, 0, value.length);
    this.#orders.arena.append(currency, 0, currency.length);
    words[at + REFUND_SHAPE] = id.length | (uuid ? SHAPE_UUID : 0);
    words[at + VALUE_LENGTH] = value.length;
    words[at + CURRENCY_LENGTH] = currency.length;
    words[at + TIME] = latestOf(timeMs) + 1;
    words[at + NEXT_REFUND] = this.#orders.firstRefund(order) + 1;
    this.#orders.setFirstRefund(order, refund);
    this.#size = refund + 1;
    return refund;
  }

  /** A refund's event ID, a view of the arena. */
  idOf(refund: number): Uint8Array {
    return this.#textOf(refund, 0);
  }

  isUuid(refund: number): boolean {
    return (
      ((this.#refunds.words(refund)[wordOf(refund) + REFUND_SHAPE] as number) & SHAPE_UUID) !== 0
    );
  }

  /** A refund's value as decimal text, empty for all of it; a view of the arena. */
  valueOf(refund: number): Uint8Array {
    return this.#textOf(refund, 1);
  }

  /** A refund's currency, a view of the arena. */
  currencyOf(refund: number): Uint8Array {
    return this.#textOf(refund, 2);
  }

  /** A refund's event time or up to a second later, ms since 1970. */
  timeOf(refund: number): number {
    return (this.#refunds.words(refund)[wordOf(refund) + TIME] as number) * TIME_UNIT_MS;
  }

  /** Notes that the log has the refund as the order's. @returns whether it had not */
  setLogged(refund: number): boolean {
    const words = this.#refunds.words(refund);
    const at = wordOf(refund) + REFUND_SHAPE;
    const shape = words[at] as number;
    words[at] = shape | SHAPE_LOGGED;
    return (shape & SHAPE_LOGGED) === 0;
  }

  /** @param which 0 the ID, 1 the value behind it, 2 the currency behind that */
  #textOf(refund: number, which: number): Uint8Array {
    const words = this.#refunds.words(refund);
    const at = wordOf(refund);
    const id = words[at + REFUND_PLACE] as number;
    const value = id + ((words[at + REFUND_SHAPE] as number) & LENGTH_MASK);
    const currency = value + (words[at + VALUE_LENGTH] as number);
    const end = currency + (words[at + CURRENCY_LENGTH] as number);
    if (which === 0) return this.#orders.arena.bytes.subarray(id, value);
    return which === 1
      ? this.#orders.arena.bytes.subarray(value, currency)
      : this.#orders.arena.bytes.subarray(currency, end);
  }
}
