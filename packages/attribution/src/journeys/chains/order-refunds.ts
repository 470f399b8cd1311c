import {
  formatDecimal,
  REASON_REFUND,
  trimDecimal,
  TYPE_CONVERSION,
  TYPE_REFUND,
} from "@tributary/protocol";
import type { JourneyTables } from "./journey-tables.ts";
import type { Marks } from "./marks.ts";
import { mergeChains } from "./merged-chain.ts";
import type { Persons } from "./persons.ts";

/** The refunds of an order: they name it in their order ID, and count for its conversions in the same person's journey. */
export class OrderRefunds {
  readonly #tables: JourneyTables;
  readonly #persons: Persons;
  readonly #marks: Marks;

  constructor(tables: JourneyTables, persons: Persons, marks: Marks) {
    this.#tables = tables;
    this.#persons = persons;
    this.#marks = marks;
  }

  /**
   * Marks the conversions of a refund's order.
   * @param refund its number in the purchase table @param chain that it is in
   * @returns event time of the oldest of them, ms since 1970; Infinity for none
   */
  markConversions(refund: number, chain: number): number {
    const { users, facts, purchases } = this.#tables;
    const { orderId } = purchases.fields(refund);
    let oldestMs = Infinity;
    for (const member of this.#persons.journeyOf(chain)) {
      for (let fact = users.headOf(member); fact >= 0; fact = facts.olderThan(fact)) {
        if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
        const purchase = facts.referenceOf(fact);
        if (purchases.fields(purchase).orderId !== orderId) continue;
        this.#marks.mark(purchase, REASON_REFUND);
        oldestMs = Math.min(oldestMs, facts.timeOf(fact));
      }
    }
    return oldestMs;
  }

  /** A conversion's value less its order's refunds, as decimal text; "" where it has no value. */
  netValue(purchase: number, person: number): string {
    const { facts, purchases } = this.#tables;
    if (purchases.refunds === 0) {
      // Mostly there is nothing to subtract, and decimals are slow.
      const text = purchases.valueText(purchase);
      const value = text === "" ? "" : trimDecimal(text);
      if (value !== undefined) return value;
    }
    const { value, orderId, currency } = purchases.fields(purchase);
    if (value === undefined) return "";
    let left = value;
    if (orderId !== "") {
      for (const fact of this.#refundsOf(person)) {
        const refund = purchases.fields(facts.referenceOf(fact));
        if (refund.orderId !== orderId) continue;
        // A refund without a value takes all of it back. One in another currency cannot be subtracted and is left out.
        if (refund.value === undefined) left = 0n;
        else if (refund.currency === currency) left -= refund.value;
      }
    }
    return formatDecimal(left > 0n ? left : 0n);
  }

  /** The refunds in a person's journey, each event ID once. */
  #refundsOf(person: number): readonly number[] {
    const { users, facts } = this.#tables;
    const journey = this.#persons.journeyOf(person);
    if (journey.length > 1) {
      const heads = journey.map((chain) => users.headOf(chain));
      return mergeChains(facts, heads, (fact) => facts.typeOf(fact) === TYPE_REFUND);
    }
    const refunds: number[] = [];
    for (let fact = users.headOf(person); fact >= 0; fact = facts.olderThan(fact)) {
      if (facts.typeOf(fact) === TYPE_REFUND) refunds.push(fact);
    }
    return refunds;
  }
}
