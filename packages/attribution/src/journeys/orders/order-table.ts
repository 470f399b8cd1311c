import { keyedHash } from "@tributary/protocol";
import { ByteArena } from "../tables/byte-arena.ts";
import { RecordPages, wordOf } from "../tables/record-pages.ts";

const INITIAL_SLOTS = 256;
/** Share of the slots that may be in use. */
const MOST_USED = 0.6;

/** Words of an order's record. Links count from 1; 0 for none. */
const ID_PLACE = 0;
/** Length of the ID, and whether it is a UUID. */
const ID_SHAPE = 1;
const TENANT = 2;
const FIRST_GOAL = 3;
const FIRST_REFUND = 4;
/** The first partition that holds conversions of the order. */
const HOLDER = 5;
const GOALS = 6;
const REFUNDS = 7;

const LENGTH_MASK = 0xff;
const SHAPE_UUID = 0x100;
/** Memory of a further partition that holds conversions of an order, bytes: an estimate, for accounting. */
const HOLDER_BYTES = 100;

/**
 * Orders, numbered from 0 behind an open-addressing table by tenant and order ID, with the partitions that hold conversions of each.
 * Records of 32 bytes, texts in an arena.
 */
export class OrderTable {
  readonly #key0: number;
  readonly #key1: number;
  #slots = new Int32Array(INITIAL_SLOTS);
  readonly #orders = new RecordPages();
  /** Holds the texts of the orders, and of their goals and refunds. */
  readonly arena = new ByteArena();
  /** Partitions beyond the first that hold conversions of an order. */
  readonly #holders = new Map<number, number[]>();
  #moreHolders = 0;
  #size = 0;

  /** @param seed whole number below 2^53, secret where order IDs come from strangers */
  constructor(seed: number) {
    this.#key0 = seed | 0;
    this.#key1 = Math.floor(seed / 4294967296) | 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    const texts = this.arena.bytes.length + this.#slots.byteLength;
    return this.#orders.byteLength + texts + this.#moreHolders * HOLDER_BYTES;
  }

  /** @param tenant code @param bytes of the order ID, or of a UUID its 16 @returns −1 where there is none */
  find(tenant: number, bytes: Uint8Array, start: number, length: number, uuid: boolean): number {
    const shape = length | (uuid ? SHAPE_UUID : 0);
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#hashOf(tenant, bytes, start, length) & mask;
    for (; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const order = (slots[slot] as number) - 1;
      const words = this.#orders.words(order);
      const at = wordOf(order);
      if (words[at + ID_SHAPE] !== shape || words[at + TENANT] !== tenant) continue;
      if (this.arena.equals(words[at + ID_PLACE] as number, bytes, start, length)) return order;
    }
    return -1;
  }

  /** Adds an order that {@link find} did not find. @returns its number */
  add(tenant: number, bytes: Uint8Array, start: number, length: number, uuid: boolean): number {
    const order = this.#size;
    this.#orders.reserve(order);
    const words = this.#orders.words(order);
    const at = wordOf(order);
    words[at + ID_PLACE] = this.arena.append(bytes, start, length);
    words[at + ID_SHAPE] = length | (uuid ? SHAPE_UUID : 0);
    words[at + TENANT] = tenant;
    this.#size = order + 1;
    place(this.#slots, order, this.#hashOf(tenant, bytes, start, length));
    if (this.#size > this.#slots.length * MOST_USED) this.#growSlots();
    return order;
  }

  tenantOf(order: number): number {
    return this.#orders.words(order)[wordOf(order) + TENANT] as number;
  }

  /** Where an order's ID lies in the arena. */
  idPlace(order: number): number {
    return this.#orders.words(order)[wordOf(order) + ID_PLACE] as number;
  }

  idLength(order: number): number {
    return (this.#orders.words(order)[wordOf(order) + ID_SHAPE] as number) & LENGTH_MASK;
  }

  isUuid(order: number): boolean {
    return ((this.#orders.words(order)[wordOf(order) + ID_SHAPE] as number) & SHAPE_UUID) !== 0;
  }

  /** Notes that a partition holds conversions of an order. @returns whether that is new */
  addHolder(order: number, partition: number): boolean {
    const words = this.#orders.words(order);
    const at = wordOf(order) + HOLDER;
    const first = words[at] as number;
    if (first === 0) words[at] = partition + 1;
    if (first === 0 || first === partition + 1) return first === 0;
    const others = this.#holders.get(order);
    if (others?.includes(partition) === true) return false;
    if (others === undefined) this.#holders.set(order, [partition]);
    else others.push(partition);
    this.#moreHolders += 1;
    return true;
  }

  /** The partitions that hold conversions of an order. */
  holdersOf(order: number): readonly number[] {
    const first = this.#orders.words(order)[wordOf(order) + HOLDER] as number;
    return first === 0 ? [] : [first - 1, ...(this.#holders.get(order) ?? [])];
  }

  /** The order's goal that was added last; −1 for none. */
  firstGoal(order: number): number {
    return (this.#orders.words(order)[wordOf(order) + FIRST_GOAL] as number) - 1;
  }

  /** Puts a goal before the order's other ones. */
  setFirstGoal(order: number, goal: number): void {
    const words = this.#orders.words(order);
    const at = wordOf(order);
    words[at + FIRST_GOAL] = goal + 1;
    words[at + GOALS] = (words[at + GOALS] as number) + 1;
  }

  /** Goals of an order. */
  goalsOf(order: number): number {
    return this.#orders.words(order)[wordOf(order) + GOALS] as number;
  }

  /** The order's refund that was added last; −1 for none. */
  firstRefund(order: number): number {
    return (this.#orders.words(order)[wordOf(order) + FIRST_REFUND] as number) - 1;
  }

  /** Puts a refund before the order's other ones. */
  setFirstRefund(order: number, refund: number): void {
    const words = this.#orders.words(order);
    const at = wordOf(order);
    words[at + FIRST_REFUND] = refund + 1;
    words[at + REFUNDS] = (words[at + REFUNDS] as number) + 1;
  }

  /** Refunds of an order. */
  refundsOf(order: number): number {
    return this.#orders.words(order)[wordOf(order) + REFUNDS] as number;
  }

  #hashOf(tenant: number, bytes: Uint8Array, start: number, length: number): number {
    return keyedHash(bytes, start, start + length, this.#key0 ^ tenant, this.#key1);
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let order = 0; order < this.#size; order += 1) {
      const start = this.idPlace(order);
      const hash = this.#hashOf(
        this.tenantOf(order),
        this.arena.bytes,
        start,
        this.idLength(order),
      );
      place(slots, order, hash);
    }
    this.#slots = slots;
  }
}

/** Puts an order into the first free slot from its hash on. */
function place(slots: Int32Array, order: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = order + 1;
}
