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

  /** @param reason index into REVISION_REASONS; the first one given in a batch holds */
  mark(purchase: number, reason: number): void {
    const { marks, reasons } = this.#purchases;
    if (marks[purchase] === this.#batch) return;
    marks[purchase] = this.#batch;
    reasons[purchase] = reason;
    this.marked.push(purchase);
  }
}
