import { FLAG_ANONYMOUS, FLAG_USER_UUID, EventRow, keyedHash } from "@tributary/protocol";
import { ByteArena } from "./byte-arena.ts";
import { byteOf, RecordPages, wordOf } from "./record-pages.ts";

const INITIAL_SLOTS = 1024;
const KEY_FLAGS = FLAG_ANONYMOUS | FLAG_USER_UUID;
/** Longest key that lies in its record; a longer one lies in the arena, and the record's first word is its place. */
const INLINE_BYTES = 16;

/** Words of a user's record: four of the key, then these. */
/** Time of the newest fact in units of 1,024 ms: it mostly tells that an event is newer, without a look at the fact. */
const LATEST = 4;
const TENANT = 5;
/** The newest fact, counted from 1; 0 for none. */
const HEAD = 6;
/** Key length in the low byte, the key's flags in the next, the number of facts above. */
const SHAPE = 7;
const COUNT_SHIFT = 16;
const SHAPE_MASK = 0xffff;

const LATEST_UNIT_MS = 1024;
const LATEST_MOST = 0xffffffff;

/** A slot holds the user's number from 1, and above it bits of the hash that spare a look at most wrong records. */
const USER_BITS = 26;
const USER_MASK = (1 << USER_BITS) - 1;

/** Most users that a table can tell apart. */
export const MAX_USERS = USER_MASK;
/** Most facts of a user that its record can count. */
export const MAX_FACTS_OF_USER = 0xffff;

/**
 * Users of a partition, numbered from 0: tenant, whole key and the newest fact of each, in records of 32 bytes behind an
 * open-addressing table. The hash is keyed with a secret of the process; equal means that tenant, kind of key and every
 * byte are equal.
 */
export class UserTable {
  readonly #key0: number;
  readonly #key1: number;
  #slots = new Int32Array(INITIAL_SLOTS);
  readonly #records = new RecordPages();
  readonly #arena = new ByteArena();
  readonly #staged = new Uint32Array(INLINE_BYTES / 4);
  readonly #stagedBytes = new Uint8Array(this.#staged.buffer);
  readonly #row = new EventRow();
  /** Means nothing: that it is kept keeps {@link hash}'s loads from being left out as useless. */
  touched = 0;
  #size = 0;

  /** @param seed whole number below 2^53, secret where keys come from strangers */
  constructor(seed: number) {
    this.#key0 = seed | 0;
    this.#key1 = Math.floor(seed / 4294967296) | 0;
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#records.byteLength + this.#arena.bytes.length;
  }

  /** The number of the row's user; −1 where there is none. @param hash of the row, from {@link hash} */
  find(row: EventRow, hash: number): number {
    this.#stage(row);
    const tag = hash >>> USER_BITS;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] as number;
      if (found === 0) return -1;
      if (found >>> USER_BITS !== tag) continue;
      const user = (found & USER_MASK) - 1;
      if (this.#matches(user, row)) return user;
    }
  }

  /**
   * Hashes the users of some rows, and makes {@link find} quick for them: it misses the cache twice, one miss after the
   * other, and here the processor waits for those of all rows at once.
   * @param count of the rows, from the first
   * @param hashes filled with a hash a row, for {@link find}
   */
  hash(rows: readonly EventRow[], count: number, hashes: Int32Array): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let touched = 0;
    for (let i = 0; i < count; i += 1) hashes[i] = this.#hashOf(rows[i] as EventRow);
    for (let i = 0; i < count; i += 1) touched ^= slots[(hashes[i] as number) & mask] as number;
    for (let i = 0; i < count; i += 1) {
      const user = ((slots[(hashes[i] as number) & mask] as number) & USER_MASK) - 1;
      if (user >= 0) touched ^= this.#records.words(user)[wordOf(user)] as number;
    }
    this.touched = touched;
  }

  /** Adds the user of the row that {@link find} was just asked for and did not find. @returns its number */
  add(row: EventRow, hash: number): number {
    const user = this.#size;
    if (user >= MAX_USERS) throw new RangeError("the user table is full");
    this.#records.reserve(user);
    const words = this.#records.words(user);
    const at = wordOf(user);
    if (row.userLength > INLINE_BYTES) {
      this.#staged[0] = this.#arena.append(row.user, row.userStart, row.userLength);
    }
    for (let i = 0; i < this.#staged.length; i += 1) words[at + i] = this.#staged[i] as number;
    words[at + TENANT] = row.tenant;
    words[at + SHAPE] = shapeOf(row);
    this.#size = user + 1;
    place(this.#slots, user, hash);
    if (this.#size * 4 > this.#slots.length * 3) this.#growSlots();
    return user;
  }

  /** The newest fact of a user, −1 for none. */
  headOf(user: number): number {
    return (this.#records.words(user)[wordOf(user) + HEAD] as number) - 1;
  }

  /** @param time of the fact, ms since 1970 */
  setHead(user: number, fact: number, time: number): void {
    const words = this.#records.words(user);
    const at = wordOf(user);
    words[at + HEAD] = fact + 1;
    words[at + LATEST] = latestOf(time);
  }

  /** Whether all facts of a user are surely older than `time`; false says nothing. */
  isBefore(user: number, time: number): boolean {
    return (this.#records.words(user)[wordOf(user) + LATEST] as number) < latestOf(time);
  }

  /** Facts held of a user. */
  countOf(user: number): number {
    return (this.#records.words(user)[wordOf(user) + SHAPE] as number) >>> COUNT_SHIFT;
  }

  /** Counts one more fact of a user. */
  count(user: number): void {
    const words = this.#records.words(user);
    const at = wordOf(user) + SHAPE;
    words[at] = (words[at] as number) + (1 << COUNT_SHIFT);
  }

  /** Points the row's tenant, user key and the key's flags at the user's. */
  load(user: number, row: EventRow): void {
    const words = this.#records.words(user);
    const at = wordOf(user);
    const shape = words[at + SHAPE] as number;
    const length = shape & 0xff;
    row.tenant = words[at + TENANT] as number;
    row.userLength = length;
    row.flags = (row.flags & ~KEY_FLAGS) | ((shape & SHAPE_MASK) >>> 8);
    if (length > INLINE_BYTES) {
      row.user = this.#arena.bytes;
      row.userStart = words[at] as number;
    } else {
      row.user = this.#records.bytes(user);
      row.userStart = byteOf(user);
    }
  }

  #stage(row: EventRow): void {
    const { user, userStart, userLength } = row;
    const staged = this.#stagedBytes;
    for (let i = 0; i < INLINE_BYTES; i += 1) {
      staged[i] = i < userLength ? (user[userStart + i] as number) : 0;
    }
  }

  #matches(user: number, row: EventRow): boolean {
    const words = this.#records.words(user);
    const at = wordOf(user);
    const staged = this.#staged;
    if (
      ((words[at + SHAPE] as number) & SHAPE_MASK) !== shapeOf(row) ||
      words[at + TENANT] !== row.tenant
    ) {
      return false;
    }
    if (row.userLength > INLINE_BYTES) {
      return this.#arena.equals(words[at] as number, row.user, row.userStart, row.userLength);
    }
    return (
      words[at] === staged[0] &&
      words[at + 1] === staged[1] &&
      words[at + 2] === staged[2] &&
      words[at + 3] === staged[3]
    );
  }

  #hashOf({ user, userStart, userLength, tenant, flags }: EventRow): number {
    const key1 = this.#key1 ^ (flags & KEY_FLAGS);
    return keyedHash(user, userStart, userStart + userLength, this.#key0 ^ tenant, key1);
  }

  /** A record does not spend four bytes on its hash: it is computed again, once a doubling. */
  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let user = 0; user < this.#size; user += 1) {
      this.load(user, this.#row);
      place(slots, user, this.#hashOf(this.#row));
    }
    this.#slots = slots;
  }
}

function shapeOf(row: EventRow): number {
  return row.userLength | ((row.flags & KEY_FLAGS) << 8);
}

function latestOf(time: number): number {
  return Math.min(Math.floor(time / LATEST_UNIT_MS), LATEST_MOST);
}

/** Puts a user into the first free slot from its hash on. */
function place(slots: Int32Array, user: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = (user + 1) | ((hash >>> USER_BITS) << USER_BITS);
}
