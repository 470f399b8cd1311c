import {
  CLAIMANT_BYTES,
  EventRow,
  FLAG_USER_UUID,
  ORDER_CLAIM,
  ORDER_REFUND,
  ORDER_WINNER,
  OrderRowFiller,
} from "@tributary/protocol";
import type { OutgoingRows } from "../outgoing-rows.ts";
import { type Claimant, writeClaimant } from "./claimant.ts";
import type { OrderTables } from "./order-tables.ts";

/** Writes a batch's records of orders: for the log, and for other partitions. While a batch is restored it writes nothing. */
export class OrderMessages {
  readonly #orders: OrderTables;
  readonly #outgoing: OutgoingRows;
  /** Number of this partition. */
  readonly #here: number;
  readonly #row = new EventRow();
  readonly #filler = new OrderRowFiller();
  readonly #winner: Claimant = { low: 0, high: 0 };
  readonly #digest = new Uint8Array(CLAIMANT_BYTES);
  #restores = false;

  constructor(orders: OrderTables, outgoing: OutgoingRows, here: number) {
    this.#orders = orders;
    this.#outgoing = outgoing;
    this.#here = here;
  }

  /** Begins a batch. */
  begin(restores: boolean): void {
    this.#restores = restores;
  }

  /** Sends the goal's winner, as far as this partition knows, to the order's home. @param timeMs of the conversion */
  claim(home: number, goal: number, timeMs: number): void {
    if (this.#restores) return;
    this.#fillWinner(ORDER_CLAIM, this.#here, goal, timeMs);
    this.#outgoing.messageWriter(home).append(this.#row);
  }

  /** Sends the goal's winner to a partition that holds another conversion of it. @param timeMs of that conversion */
  sendWinner(to: number, goal: number, timeMs: number): void {
    if (this.#restores) return;
    this.#fillWinner(ORDER_WINNER, to, goal, timeMs);
    this.#outgoing.messageWriter(to).append(this.#row);
  }

  /** @param holder a partition that holds a conversion of the goal */
  logWinner(goal: number, holder: number, keptUntilMs: number): void {
    if (this.#restores) return;
    this.#fillWinner(ORDER_WINNER, holder, goal, keptUntilMs);
    this.#outgoing.logWriter().append(this.#row);
  }

  sendRefund(to: number, order: number, refund: number): void {
    if (this.#restores) return;
    this.#fillRefund(order, refund, this.#orders.refunds.timeOf(refund));
    this.#outgoing.messageWriter(to).append(this.#row);
  }

  logRefund(order: number, refund: number, keptUntilMs: number): void {
    if (this.#restores) return;
    this.#fillRefund(order, refund, keptUntilMs);
    this.#outgoing.logWriter().append(this.#row);
  }

  #fillWinner(kind: number, partition: number, goal: number, timeMs: number): void {
    const { goals } = this.#orders;
    this.#fillOrder(goals.orderOf(goal));
    goals.loadWinner(goal, this.#winner);
    writeClaimant(this.#winner, this.#digest);
    const name = goals.nameOf(goal);
    this.#filler.fillClaim(this.#row, { kind, partition }, this.#digest, name, timeMs);
  }

  #fillRefund(order: number, refund: number, keptUntilMs: number): void {
    const { refunds } = this.#orders;
    this.#fillOrder(order);
    this.#filler.fillRefund(
      this.#row,
      { kind: ORDER_REFUND, partition: this.#here },
      refunds.idOf(refund),
      refunds.isUuid(refund),
      refunds.valueOf(refund),
      refunds.currencyOf(refund),
      keptUntilMs,
    );
  }

  /** Makes an order's ID the row's user key. */
  #fillOrder(order: number): void {
    const { orders } = this.#orders;
    const row = this.#row;
    row.flags = orders.isUuid(order) ? FLAG_USER_UUID : 0;
    row.tenant = orders.tenantOf(order);
    row.user = orders.arena.bytes;
    row.userStart = orders.idPlace(order);
    row.userLength = orders.idLength(order);
  }
}
