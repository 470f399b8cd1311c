import { Buffer } from "node:buffer";
import {
  EventRow,
  FLAG_ID_UUID,
  findRareText,
  formatDecimal,
  parseDecimal,
  RARE_CURRENCY,
  RARE_VALUE,
  rareRange,
  REASON_REFUND,
  trimDecimal,
  TYPE_CONVERSION,
  TYPE_REFUND,
} from "@tributary/protocol";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { Marks } from "../chains/marks.ts";
import { mergeChains } from "../chains/merged-chain.ts";
import type { Persons } from "../chains/persons.ts";
import { idText } from "../tables/id-order.ts";
import type { OrderMessages } from "./order-messages.ts";
import type { OrderTables } from "./order-tables.ts";

const NO_TEXT = new Uint8Array(0);

/**
 * The refunds of an order: they name it in their order ID, and count for its conversions, whoever sends them. Where a tenant uses an
 * order ID for several orders they count for those in the same person's journey only.
 */
export class OrderRefunds {
  readonly #tables: JourneyTables;
  readonly #orders: OrderTables;
  readonly #messages: OrderMessages;
  readonly #persons: Persons;
  readonly #marks: Marks;
  readonly #here: number;
  readonly #row = new EventRow();
  /** Event time of the oldest conversion here that the refund added last is of, ms since 1970; Infinity for none. */
  refundedMs = Infinity;

  /** @param here number of this partition */
  constructor(
    tables: JourneyTables,
    orders: OrderTables,
    messages: OrderMessages,
    persons: Persons,
    marks: Marks,
    here: number,
  ) {
    this.#tables = tables;
    this.#orders = orders;
    this.#messages = messages;
    this.#persons = persons;
    this.#marks = marks;
    this.#here = here;
  }

  /**
   * Adds a new refund and marks the conversions of its order. The order's home is notified, unless the refund is a copy: then its own
   * partition does that.
   * @returns whether it is known to be of no conversion: by the order's home, or by a person's partition where the journey decides
   */
  add(purchase: number, chain: number, copied: boolean): boolean {
    const { facts, purchases, users } = this.#tables;
    const tenant = users.tenantOf(chain);
    const order = this.#orders.orderOf(purchase, tenant);
    if (order < 0) {
      this.refundedMs = this.#markJourney(purchase, chain);
      const isOwner = !this.#persons.active || this.#persons.personOf(chain) >= 0;
      return (
        !copied && !this.#orders.rule.holdsFor(tenant) && isOwner && this.refundedMs === Infinity
      );
    }
    const row = this.#row;
    facts.load(purchases.facts[purchase] as number, row);
    const id = row.id.subarray(row.idStart, row.idStart + row.idLength);
    const uuid = (row.flags & FLAG_ID_UUID) !== 0;
    const value = textIn(purchases.bytes, purchases.findText(purchase, RARE_VALUE));
    const currency = textIn(purchases.bytes, purchases.findText(purchase, RARE_CURRENCY));
    const known = this.#orders.refunds.find(order, id, uuid);
    const changes = known < 0 || !this.#is(known, value, currency);
    this.refundedMs = this.#markOrder(order, changes);
    if (known >= 0) return false;
    const refund = this.#orders.addRefund(order, id, uuid, value, currency, row.time);
    if (refund < 0 || copied) return false;
    const home = this.#orders.homeOf(order);
    if (home === this.#here) return this.#settle(order, refund, row.time);
    this.#messages.sendRefund(home, order, refund);
    return false;
  }

  /**
   * Takes a refund of a message: one of another partition as its order's home, or one that the home forwards.
   * @returns as {@link add}
   */
  take(row: EventRow): boolean {
    const isHome = this.#homeIsHere(row);
    const order = this.#orders.orderOfRow(row, isHome);
    const refund = order < 0 ? -1 : this.#addOfRow(order, row);
    if (refund < 0) return false;
    if (isHome) return this.#settle(order, refund, row.time);
    if (this.#orders.refunds.setLogged(refund)) {
      this.#messages.logRefund(order, refund, Math.max(row.time, this.#newestOf(order)));
    }
    return false;
  }

  /** Takes a refund from the log. */
  restore(row: EventRow): void {
    const order = this.#orders.orderOfRow(row, true);
    const refund = order < 0 ? -1 : this.#addOfRow(order, row);
    if (refund >= 0) this.#orders.refunds.setLogged(refund);
  }

  /** Sends the refunds of an order to another partition that holds a conversion of it, as the order's home. */
  forwardAll(order: number, to: number): void {
    const { orders, refunds } = this.#orders;
    for (let refund = orders.firstRefund(order); refund >= 0; refund = refunds.next(refund)) {
      this.#messages.sendRefund(to, order, refund);
    }
  }

  /** A conversion's value less its order's refunds, as decimal text; "" where it has no value. */
  netValue(purchase: number, person: number): string {
    const { purchases } = this.#tables;
    const { goals, orders } = this.#orders;
    const goal = (purchases.goals[purchase] as number) - 1;
    const order = goal < 0 ? -1 : goals.orderOf(goal);
    if (order < 0 ? purchases.refunds === 0 : orders.firstRefund(order) < 0) {
      // Mostly there is nothing to subtract, and decimals are slow.
      const text = purchases.valueText(purchase);
      const value = text === "" ? "" : trimDecimal(text);
      if (value !== undefined) return value;
    }
    const { value, orderId, currency } = purchases.fields(purchase);
    if (value === undefined) return "";
    let left = value;
    const subtract = (amount: bigint | undefined, of: string): void => {
      // A refund without a value takes all of it back. One in another currency cannot be subtracted and is left out.
      if (amount === undefined) left -= value;
      else if (of === currency) left -= amount;
    };
    if (orderId !== "") this.#forEachRefund(orderId, order, person, subtract);
    return formatDecimal(left > 0n ? left : 0n);
  }

  /** The refunds in the person's journey and, of a known order, all others of it; each event ID once, that of the journey first. */
  #forEachRefund(
    orderId: string,
    order: number,
    person: number,
    take: (amount: bigint | undefined, currency: string) => void,
  ): void {
    const { facts, purchases } = this.#tables;
    const { orders, refunds } = this.#orders;
    for (const fact of this.#refundsOf(person, orderId)) {
      const { value, currency } = purchases.fields(facts.referenceOf(fact));
      take(value, currency);
    }
    if (order < 0) return;
    const own = this.#refundIdsOf(person, orderId);
    const row = this.#row;
    for (let refund = orders.firstRefund(order); refund >= 0; refund = refunds.next(refund)) {
      row.id = refunds.idOf(refund);
      row.idStart = 0;
      row.idLength = row.id.length;
      row.flags = refunds.isUuid(refund) ? FLAG_ID_UUID : 0;
      if (own.has(idText(row))) continue;
      const value = refunds.valueOf(refund);
      take(
        value.length === 0 ? undefined : parseDecimal(plain(value)),
        plain(refunds.currencyOf(refund)),
      );
    }
  }

  /** Event IDs of an order's refunds in a person's journey, also of those in the place of which another fact counts. */
  #refundIdsOf(person: number, orderId: string): ReadonlySet<string> {
    const { users, facts, purchases } = this.#tables;
    const ids = new Set<string>();
    for (const chain of this.#persons.journeyOf(person)) {
      for (let fact = users.headOf(chain); fact >= 0; fact = facts.olderThan(fact)) {
        if (facts.typeOf(fact) !== TYPE_REFUND) continue;
        if (purchases.fields(facts.referenceOf(fact)).orderId !== orderId) continue;
        facts.load(fact, this.#row);
        ids.add(idText(this.#row));
      }
    }
    return ids;
  }

  /** An order's refunds in a person's journey, each event ID once. */
  #refundsOf(person: number, orderId: string): readonly number[] {
    const { users, facts, purchases } = this.#tables;
    const isWanted = (fact: number): boolean =>
      facts.typeOf(fact) === TYPE_REFUND &&
      purchases.fields(facts.referenceOf(fact)).orderId === orderId;
    const heads = this.#persons.journeyOf(person).map((chain) => users.headOf(chain));
    return mergeChains(facts, heads, isWanted);
  }

  /** As the order's home: logs a refund and forwards it, once. @returns whether no conversion of the order is known */
  #settle(order: number, refund: number, timeMs: number): boolean {
    if (!this.#orders.refunds.setLogged(refund)) return false;
    this.#messages.logRefund(order, refund, timeMs);
    for (const holder of this.#orders.orders.holdersOf(order)) {
      if (holder !== this.#here) this.#messages.sendRefund(holder, order, refund);
    }
    return this.#orders.orders.firstGoal(order) < 0;
  }

  /** Adds the refund of a record, and marks the conversions of its order where it is new. @returns its number, −1 for no room */
  #addOfRow(order: number, row: EventRow): number {
    const { rare, rareStart, rareLength } = row;
    const id = row.id.subarray(row.idStart, row.idStart + row.idLength);
    const uuid = (row.flags & FLAG_ID_UUID) !== 0;
    const known = this.#orders.refunds.find(order, id, uuid);
    if (known >= 0) return known;
    const value = textIn(rare, findRareText(rare, rareStart, rareLength, RARE_VALUE));
    const currency = textIn(rare, findRareText(rare, rareStart, rareLength, RARE_CURRENCY));
    this.#markOrder(order, true);
    return this.#orders.addRefund(order, id, uuid, value, currency, row.time);
  }

  #is(refund: number, value: Uint8Array, currency: Uint8Array): boolean {
    const { refunds } = this.#orders;
    return (
      Buffer.compare(refunds.valueOf(refund), value) === 0 &&
      Buffer.compare(refunds.currencyOf(refund), currency) === 0
    );
  }

  #homeIsHere({ tenant, user, userStart, userLength }: EventRow): boolean {
    return this.#orders.homeOfId(tenant, user, userStart, userLength) === this.#here;
  }

  /** Marks an order's conversions here where it changes them. @returns event time of the oldest, ms since 1970; Infinity for none */
  #markOrder(order: number, changes: boolean): number {
    const { facts, purchases } = this.#tables;
    const { goals, orders } = this.#orders;
    let oldestMs = Infinity;
    for (let goal = orders.firstGoal(order); goal >= 0; goal = goals.next(goal)) {
      let purchase = goals.firstPurchase(goal);
      for (; purchase >= 0; purchase = purchases.nextOfGoal[purchase] as number) {
        if ((purchases.users[purchase] as number) < 0) continue;
        if (changes) this.#marks.mark(purchase, REASON_REFUND);
        oldestMs = Math.min(oldestMs, facts.timeOf(purchases.facts[purchase] as number));
      }
    }
    return oldestMs;
  }

  /** Event time of an order's newest conversion here, ms since 1970; 0 for none. */
  #newestOf(order: number): number {
    const { facts, purchases } = this.#tables;
    const { goals, orders } = this.#orders;
    let newestMs = 0;
    for (let goal = orders.firstGoal(order); goal >= 0; goal = goals.next(goal)) {
      let purchase = goals.firstPurchase(goal);
      for (; purchase >= 0; purchase = purchases.nextOfGoal[purchase] as number) {
        newestMs = Math.max(newestMs, facts.timeOf(purchases.facts[purchase] as number));
      }
    }
    return newestMs;
  }

  /** Marks the conversions of a refund's order in the person's journey. @returns as {@link #markOrder} */
  #markJourney(refund: number, chain: number): number {
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
}

/** The text that `findRareText` found, a view. @param start −1 for none */
function textIn(bytes: Uint8Array, start: number): Uint8Array {
  return start < 0 ? NO_TEXT : bytes.subarray(start, rareRange.end);
}

/** Text of decimals and currencies. */
function plain(text: Uint8Array): string {
  return Buffer.from(text.buffer, text.byteOffset, text.length).toString("latin1");
}
