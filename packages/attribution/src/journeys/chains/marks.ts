import { REASON_LATE_TOUCHPOINT, REASON_REFUND } from "@tributary/protocol";
import type { PurchaseTable } from "../tables/purchase-table.ts";

/** The conversions that a batch gives a result or a new revision of it, each once, in the order in which they were marked. */
export class Marks {
  readonly #purchases: PurchaseTable;
  #batch = 0;
  /** Their numbers in the purchase table. */
  marked: number[] = [];

  constructor(purchases: PurchaseTable) {
    this.#purchases = purchases;
  }

  /** Begins a batch. */
  begin(): void {
    this.#batch += 1;
    this.marked = [];
  }

  /**
   * Marks a conversion, unless neither its path nor its value count because it is a duplicate order.
   * @param reason index into REVISION_REASONS; the first one given in a batch holds
   */
  mark(purchase: number, reason: number): void {
    const { lost, marks, reasons } = this.#purchases;
    if (marks[purchase] === this.#batch) return;
    if (lost[purchase] === 1 && (reason === REASON_LATE_TOUCHPOINT || reason === REASON_REFUND))
      return;
    marks[purchase] = this.#batch;
    reasons[purchase] = reason;
    this.marked.push(purchase);
  }
}
