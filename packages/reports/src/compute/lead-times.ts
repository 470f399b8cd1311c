import type { FactColumns } from "./fact-columns.ts";

/** When each user first became a lead: the time of the first conversion or custom event of a name. */
export class LeadTimes {
  readonly #facts: FactColumns;
  readonly #code: number;

  constructor(facts: FactColumns, name: string) {
    this.#facts = facts;
    this.#code = facts.purchases.names.names.indexOf(name);
  }

  /** ms since 1970; Infinity where the user never was one. */
  of(user: number): number {
    const { purchaseStarts, purchaseTimes, purchases } = this.#facts;
    const end = purchaseStarts[user + 1] as number;
    for (let p = purchaseStarts[user] as number; p < end; p += 1) {
      if (purchases.isRefund[p] === 0 && purchases.names.codes[p] === this.#code) {
        return purchaseTimes[p] as number;
      }
    }
    return Infinity;
  }
}
