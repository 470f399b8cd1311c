import { latestOf } from "../tables/latest-time.ts";
import { RecordPages, wordOf } from "../tables/record-pages.ts";
import type { Claimant } from "./claimant.ts";
import type { OrderTable } from "./order-table.ts";

/** Words of a goal's record. */
const NAME_PLACE = 0;
const NAME_SHAPE = 1;
const WINNER = 2;
const FIRST_PURCHASE = 4;
const NEXT_GOAL = 5;
const KEPT = 6;
const ORDER = 7;

const LENGTH_MASK = 0xff;
const SHAPE_WON = 0x100;

/**
 * The goals of orders, numbered from 0: one a conversion name, with the conversion that counts for it and the partition's conversions
 * of it. Records of 32 bytes, names in the orders' arena.
 */
export class GoalTable {
  readonly #orders: OrderTable;
  readonly #goals = new RecordPages();
  #size = 0;

  constructor(orders: OrderTable) {
    this.#orders = orders;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#goals.byteLength;
  }

  /** An order's goal of a name; −1 where there is none. @param bytes the name is bytes[start … start + length) */
  find(order: number, bytes: Uint8Array, start: number, length: number): number {
    for (let goal = this.#orders.firstGoal(order); goal >= 0; goal = this.next(goal)) {
      const words = this.#goals.words(goal);
      const at = wordOf(goal);
      if (((words[at + NAME_SHAPE] as number) & LENGTH_MASK) !== length) continue;
      if (this.#orders.arena.equals(words[at + NAME_PLACE] as number, bytes, start, length))
        return goal;
    }
    return -1;
  }

  /** Adds a goal that {@link find} did not find. @returns its number */
  add(order: number, bytes: Uint8Array, start: number, length: number): number {
    const goal = this.#size;
    this.#goals.reserve(goal);
    const words = this.#goals.words(goal);
    const at = wordOf(goal);
    words[at + NAME_PLACE] = this.#orders.arena.append(bytes, start, length);
    words[at + NAME_SHAPE] = length;
    words[at + ORDER] = order;
    words[at + NEXT_GOAL] = this.#orders.firstGoal(order) + 1;
    this.#orders.setFirstGoal(order, goal);
    this.#size = goal + 1;
    return goal;
  }

  /** The order's next goal; −1 for none. */
  next(goal: number): number {
    return (this.#goals.words(goal)[wordOf(goal) + NEXT_GOAL] as number) - 1;
  }

  orderOf(goal: number): number {
    return this.#goals.words(goal)[wordOf(goal) + ORDER] as number;
  }

  /** A goal's conversion name, a view of the arena. */
  nameOf(goal: number): Uint8Array {
    const words = this.#goals.words(goal);
    const at = wordOf(goal);
    const start = words[at + NAME_PLACE] as number;
    return this.#orders.arena.bytes.subarray(
      start,
      start + ((words[at + NAME_SHAPE] as number) & LENGTH_MASK),
    );
  }

  /** Whether a conversion counts for the goal already. */
  isWon(goal: number): boolean {
    return ((this.#goals.words(goal)[wordOf(goal) + NAME_SHAPE] as number) & SHAPE_WON) !== 0;
  }

  isWonBy(goal: number, { low, high }: Claimant): boolean {
    const words = this.#goals.words(goal);
    const at = wordOf(goal) + WINNER;
    return this.isWon(goal) && words[at] === low && words[at + 1] === high;
  }

  setWinner(goal: number, { low, high }: Claimant): void {
    const words = this.#goals.words(goal);
    const at = wordOf(goal);
    words[at + WINNER] = low;
    words[at + WINNER + 1] = high;
    words[at + NAME_SHAPE] = (words[at + NAME_SHAPE] as number) | SHAPE_WON;
  }

  loadWinner(goal: number, claimant: Claimant): void {
    const words = this.#goals.words(goal);
    const at = wordOf(goal) + WINNER;
    claimant.low = words[at] as number;
    claimant.high = words[at + 1] as number;
  }

  /** Notes until which event time the log keeps the winner. @returns whether that is later than before, by a second or so */
  keepUntil(goal: number, timeMs: number): boolean {
    const words = this.#goals.words(goal);
    const at = wordOf(goal) + KEPT;
    const time = latestOf(timeMs) + 1;
    if (time <= (words[at] as number)) return false;
    words[at] = time;
    return true;
  }

  /** The goal's conversion that was added last, its number in the purchase table; −1 for none. */
  firstPurchase(goal: number): number {
    return (this.#goals.words(goal)[wordOf(goal) + FIRST_PURCHASE] as number) - 1;
  }

  setFirstPurchase(goal: number, purchase: number): void {
    this.#goals.words(goal)[wordOf(goal) + FIRST_PURCHASE] = purchase + 1;
  }
}
