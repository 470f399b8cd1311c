/**
 * Orders in one partition, see docs/models.md: decides which of an order's conversions counts, together with the order's home where
 * that is another partition, and takes an order's refunds off its value whoever sends them. Everything is decided as rows are taken,
 * in their order, so that how entries are split into batches changes nothing; the log's records restore the same.
 */
import {
  type EntryColumns,
  EventRow,
  isOrderRow,
  ORDER_CLAIM,
  ORDER_REFUND,
  ORDER_WINNER,
  ProtocolError,
  readOrder,
} from "@tributary/protocol";
import type { Duplicates } from "../chains/duplicates.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { KeyHomes } from "../chains/key-homes.ts";
import type { Marks } from "../chains/marks.ts";
import type { Persons } from "../chains/persons.ts";
import type { OutgoingRows } from "../outgoing-rows.ts";
import { OrderMessages } from "./order-messages.ts";
import { OrderRefunds } from "./order-refunds.ts";
import { OrderTables } from "./order-tables.ts";
import { OrderWinners } from "./order-winners.ts";

export class Orders {
  readonly refunds: OrderRefunds;
  readonly #tables: JourneyTables;
  readonly #orders: OrderTables;
  readonly #messages: OrderMessages;
  readonly #winners: OrderWinners;
  readonly #row = new EventRow();
  readonly #record = { kind: 0, partition: 0 };
  #restores = false;
  /** Conversions of this partition that the record taken last shows to be duplicate orders. */
  lost = 0;
  /** Whether the record taken last is a refund whose order has no conversion. */
  unmatched = false;

  /** @param seed see OrderTable */
  constructor(
    tables: JourneyTables,
    persons: Persons,
    marks: Marks,
    duplicates: Duplicates,
    homes: KeyHomes,
    outgoing: OutgoingRows,
    seed: number,
  ) {
    const { here } = homes;
    this.#tables = tables;
    this.#orders = new OrderTables(tables, homes, seed);
    const messages = new OrderMessages(this.#orders, outgoing, here);
    this.#messages = messages;
    this.refunds = new OrderRefunds(tables, this.#orders, messages, persons, marks, here);
    this.#winners = new OrderWinners(
      tables,
      this.#orders,
      messages,
      persons,
      marks,
      duplicates,
      here,
    );
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#orders.byteLength;
  }

  /** Orders, and what belongs to them, for which the batch found no room. */
  get full(): number {
    return this.#orders.full;
  }

  /** Begins a batch. */
  begin(restores: boolean): void {
    this.#restores = restores;
    this.#messages.begin(restores);
    this.#orders.begin();
  }

  /** Adds a new conversion. @returns whether it is a duplicate order */
  addConversion(purchase: number, chain: number): boolean {
    this.#winners.add(purchase, chain);
    return this.#tables.purchases.lost[purchase] === 1;
  }

  /**
   * Takes a row of TYPE_IDENTITY of a message or of the log.
   * @returns false where it is no record of an order; else {@link lost} and {@link unmatched} say what it showed
   * @throws ProtocolError where it is one that cannot be read
   */
  takeRecord(columns: EntryColumns, index: number): boolean {
    const row = this.#row;
    columns.load(index, row);
    if (!isOrderRow(row.rare, row.rareStart, row.rareLength)) return false;
    readOrder(row.rare, row.rareStart, row.rareLength, this.#record);
    const { kind, partition } = this.#record;
    this.lost = 0;
    this.unmatched = false;
    if (kind === ORDER_WINNER) {
      if (this.#restores) this.#winners.restoreWinner(row, partition);
      else this.lost = this.#winners.takeWinner(row);
    } else if (kind === ORDER_REFUND) {
      if (this.#restores) this.refunds.restore(row);
      else this.unmatched = this.refunds.take(row);
    } else if (kind === ORDER_CLAIM) {
      const order = this.#winners.takeClaim(row, partition);
      if (order >= 0) this.refunds.forwardAll(order, partition);
    } else
      throw new ProtocolError(
        "entry_malformed",
        `not an entry: no order has records of kind ${kind}`,
      );
    return true;
  }
}
