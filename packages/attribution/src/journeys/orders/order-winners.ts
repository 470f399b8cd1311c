/**
 * Which conversion of an order counts, see docs/models.md: of those of one name the first that the order's home takes. A conversion
 * is lost where another one of its goal counts.
 */
import {
  EventRow,
  findRareText,
  RARE_NAME,
  rareRange,
  REASON_DUPLICATE_ORDER,
  REASON_MERGE,
} from "@tributary/protocol";
import type { Duplicates } from "../chains/duplicates.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { Marks } from "../chains/marks.ts";
import type { Persons } from "../chains/persons.ts";
import { type Claimant, digest, readClaimant } from "./claimant.ts";
import type { OrderMessages } from "./order-messages.ts";
import type { OrderTables } from "./order-tables.ts";

const NO_NAME = new Uint8Array(0);

export class OrderWinners {
  readonly #tables: JourneyTables;
  readonly #orders: OrderTables;
  readonly #messages: OrderMessages;
  readonly #persons: Persons;
  readonly #marks: Marks;
  readonly #duplicates: Duplicates;
  readonly #here: number;
  readonly #row = new EventRow();
  readonly #claimant: Claimant = { low: 0, high: 0 };
  readonly #other: Claimant = { low: 0, high: 0 };

  /** @param here number of this partition */
  constructor(
    tables: JourneyTables,
    orders: OrderTables,
    messages: OrderMessages,
    persons: Persons,
    marks: Marks,
    duplicates: Duplicates,
    here: number,
  ) {
    this.#tables = tables;
    this.#orders = orders;
    this.#messages = messages;
    this.#persons = persons;
    this.#marks = marks;
    this.#duplicates = duplicates;
    this.#here = here;
  }

  /**
   * Adds a new conversion, which loses at once where the partition knows another one of its goal. The first of a goal counts until the
   * order's home says otherwise; later ones of this partition came later there as well, so the home need not be asked.
   */
  add(purchase: number, chain: number): void {
    const { facts, purchases, users } = this.#tables;
    const order = this.#orders.orderOf(purchase, users.tenantOf(chain));
    if (order < 0) return;
    const goal = this.#goalOf(purchase, order);
    if (goal < 0) return;
    const { goals, orders } = this.#orders;
    purchases.goals[purchase] = goal + 1;
    purchases.nextOfGoal[purchase] = goals.firstPurchase(goal);
    goals.setFirstPurchase(goal, purchase);
    const time = facts.timeOf(purchases.facts[purchase] as number);
    this.#digestOf(purchase, chain);
    if (goals.isWon(goal)) {
      purchases.lost[purchase] = goals.isWonBy(goal, this.#claimant) ? 0 : 1;
      if (purchases.lost[purchase] === 1 && goals.keepUntil(goal, time)) {
        this.#messages.logWinner(goal, this.#here, time);
      }
      return;
    }
    // A copy of a conversion that lost in its own partition: who won is not known here.
    if (purchases.lost[purchase] === 1) return;
    goals.setWinner(goal, this.#claimant);
    const home = this.#orders.homeOf(order);
    if (home !== this.#here) {
      this.#messages.claim(home, goal, time);
      return;
    }
    orders.addHolder(order, this.#here);
    goals.keepUntil(goal, time);
    this.#messages.logWinner(goal, this.#here, time);
  }

  /**
   * Takes the claim of another partition, as the order's home. The first claim wins; to a later one the winner is sent.
   * @param from the other partition @returns the order where the partition had no conversion of it; else −1
   */
  takeClaim(row: EventRow, from: number): number {
    const order = this.#orders.orderOfRow(row, true);
    const goal = order < 0 ? -1 : this.#goalOfRow(row, order);
    if (goal < 0) return -1;
    const { goals, orders } = this.#orders;
    const isNew = orders.addHolder(order, from);
    readClaimant(row, this.#claimant);
    if (!goals.isWon(goal)) goals.setWinner(goal, this.#claimant);
    else if (!goals.isWonBy(goal, this.#claimant)) this.#messages.sendWinner(from, goal, row.time);
    // The log has the winner as long as a conversion that lost against it may come again, and each partition that has one.
    if (goals.keepUntil(goal, row.time) || isNew) this.#messages.logWinner(goal, from, row.time);
    return isNew ? order : -1;
  }

  /** Takes the winner that the order's home sent. @returns how many of this partition's own conversions lost by it */
  takeWinner(row: EventRow): number {
    const order = this.#orders.orderOfRow(row, false);
    const goal = order < 0 ? -1 : this.#goalOfRow(row, order);
    if (goal < 0) return 0;
    readClaimant(row, this.#claimant);
    const isNew = !this.#orders.goals.isWonBy(goal, this.#claimant);
    const lost = isNew ? this.#setWinner(goal) : 0;
    if (this.#orders.goals.keepUntil(goal, row.time) || isNew) {
      this.#messages.logWinner(goal, this.#here, row.time);
    }
    return lost;
  }

  /** Takes a winner from the log. @param holder a partition that holds a conversion of it */
  restoreWinner(row: EventRow, holder: number): void {
    const order = this.#orders.orderOfRow(row, true);
    const goal = order < 0 ? -1 : this.#goalOfRow(row, order);
    if (goal < 0) return;
    const { goals, orders } = this.#orders;
    orders.addHolder(order, holder);
    goals.keepUntil(goal, row.time);
    readClaimant(row, this.#claimant);
    if (!goals.isWonBy(goal, this.#claimant)) this.#setWinner(goal);
  }

  /** Sets a goal's winner to the claimant in hand. @returns how many of this partition's own conversions lost by it */
  #setWinner(goal: number): number {
    const { purchases } = this.#tables;
    const { goals } = this.#orders;
    const { low, high } = this.#claimant;
    goals.setWinner(goal, this.#claimant);
    let lost = 0;
    let purchase = goals.firstPurchase(goal);
    for (; purchase >= 0; purchase = purchases.nextOfGoal[purchase] as number) {
      const chain = purchases.users[purchase] as number;
      if (chain < 0) continue;
      this.#digestOf(purchase, chain, this.#other);
      const isLost = this.#other.low === low && this.#other.high === high ? 0 : 1;
      if (purchases.lost[purchase] === isLost) continue;
      purchases.lost[purchase] = isLost;
      this.#marks.mark(purchase, isLost === 1 ? REASON_DUPLICATE_ORDER : REASON_MERGE);
      this.#duplicates.markBehindFact(purchases.facts[purchase] as number, chain);
      if (isLost === 1 && !this.#persons.isCopy(chain)) lost += 1;
    }
    return lost;
  }

  #digestOf(purchase: number, chain: number, claimant = this.#claimant): void {
    const { facts, purchases, users } = this.#tables;
    const row = this.#row;
    facts.load(purchases.facts[purchase] as number, row);
    users.load(chain, row);
    digest(row, claimant);
  }

  #goalOf(purchase: number, order: number): number {
    const { purchases } = this.#tables;
    const start = purchases.findText(purchase, RARE_NAME);
    if (start < 0) return this.#orders.goalOf(order, NO_NAME, 0, 0);
    return this.#orders.goalOf(order, purchases.bytes, start, rareRange.end - start);
  }

  #goalOfRow({ rare, rareStart, rareLength }: EventRow, order: number): number {
    const start = findRareText(rare, rareStart, rareLength, RARE_NAME);
    if (start < 0) return this.#orders.goalOf(order, NO_NAME, 0, 0);
    return this.#orders.goalOf(order, rare, start, rareRange.end - start);
  }
}
