import {
  type EntryColumns,
  type EventRow,
  FLAG_ANONYMOUS,
  FLAG_USER_UUID,
  keyedHash,
  keyedHashOfWords,
} from "@tributary/protocol";
import { ByteArena } from "./byte-arena.ts";
import { FINE_MASK, fineOf, latestOf } from "./latest-time.ts";
import { MOST_STAGED } from "./most-staged.ts";
import { byteOf, RecordPages, wordOf } from "./record-pages.ts";
import { loadWords, WORDS_BYTES as INLINE_BYTES } from "./short-words.ts";

const INITIAL_SLOTS = 1024;
/**
 * Words of a user's record: four of the key, then these. A key that is longer lies in the arena, and the first word is its
 * place.
 */
/** Time of the newest fact in units of 1,024 ms: it mostly tells that an event is newer, without a look at the fact. */
const LATEST = 4;
const TENANT = 5;
/** The newest fact, counted from 1; 0 for none. */
const HEAD = 6;
/** Key length in the low byte, the key's flags in two bits, six bits that make LATEST finer, the number of facts. */
const SHAPE = 7;
const LENGTH_MASK = 0xff;
const SHAPE_ANONYMOUS = 0x100;
const SHAPE_UUID = 0x200;
const SHAPE_MASK = 0x3ff;
const COUNT_SHIFT = 16;

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
  /** The first bytes, shapes and hashes of the keys of the events in hand. */
  readonly #staged = new Uint32Array(MOST_STAGED * 4);
  readonly #stagedShapes = new Uint32Array(MOST_STAGED);
  readonly #stagedHashes = new Int32Array(MOST_STAGED);
  #columns: EntryColumns | undefined;
  #from = 0;
  /**
   * Share of the slots that may be in use, 0.55 to 0.75: tables with other seeds grow at other sizes, because the
   * partitions of a thread have as many users each, and all of them growing at once would hold it up for a second.
   */
  readonly #mostUsed: number;
  /** Means nothing: that it is kept keeps {@link stage}'s loads from being left out as useless. */
  touched = 0;
  #size = 0;

  /** @param seed whole number below 2^53, secret where keys come from strangers */
  constructor(seed: number) {
    this.#key0 = seed | 0;
    this.#key1 = Math.floor(seed / 4294967296) | 0;
    this.#mostUsed = 0.55 + 0.025 * (Math.abs(seed) % 8);
  }

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#records.byteLength + this.#arena.bytes.length;
  }

  /**
   * Stages the keys of events `from` to `to` (exclusive; at most {@link MOST_STAGED}), numbered from 0, and makes
   * {@link find} quick for them: it misses the cache twice, one miss after the other, and here the processor waits for
   * those of all events at once.
   */
  stage(columns: EntryColumns, from: number, to: number): void {
    const { bytes, flags, tenants, userStarts, userLengths } = columns;
    const staged = this.#staged;
    const hashes = this.#stagedHashes;
    const count = to - from;
    this.#columns = columns;
    this.#from = from;
    for (let i = 0; i < count; i += 1) {
      const start = userStarts[from + i] as number;
      const length = userLengths[from + i] as number;
      const shape = length | shapeOf(flags[from + i] as number);
      this.#stagedShapes[i] = shape;
      loadWords(columns, start, length, staged, i * 4);
      hashes[i] = this.#hashOf(staged, i * 4, shape, tenants[from + i] as number, bytes, start);
    }
    const slots = this.#slots;
    const mask = slots.length - 1;
    let touched = 0;
    for (let i = 0; i < count; i += 1) touched ^= slots[(hashes[i] as number) & mask] as number;
    for (let i = 0; i < count; i += 1) {
      const user = ((slots[(hashes[i] as number) & mask] as number) & USER_MASK) - 1;
      if (user < 0) continue;
      // Its first word and its last: a record may lie across two cache lines.
      const words = this.#records.words(user);
      touched ^= (words[wordOf(user)] as number) ^ (words[wordOf(user) + SHAPE] as number);
    }
    this.touched = touched;
  }

  /** The number of a staged user; −1 where there is none. */
  find(staged: number): number {
    const hash = this.#stagedHashes[staged] as number;
    const tag = hash >>> USER_BITS;
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] as number;
      if (found === 0) return -1;
      if (found >>> USER_BITS !== tag) continue;
      const user = (found & USER_MASK) - 1;
      if (this.#matches(user, staged)) return user;
    }
  }

  /** Adds a staged user that {@link find} did not find. @returns its number */
  add(staged: number): number {
    const user = this.#size;
    if (user >= MAX_USERS) throw new RangeError("the user table is full");
    this.#records.reserve(user);
    const words = this.#records.words(user);
    const at = wordOf(user);
    const columns = this.#columns as EntryColumns;
    const index = this.#from + staged;
    const length = columns.userLengths[index] as number;
    for (let i = 0; i < 4; i += 1) words[at + i] = this.#staged[staged * 4 + i] as number;
    if (length > INLINE_BYTES) {
      words[at] = this.#arena.append(columns.bytes, columns.userStarts[index] as number, length);
    }
    words[at + TENANT] = columns.tenants[index] as number;
    words[at + SHAPE] = this.#stagedShapes[staged] as number;
    this.#size = user + 1;
    place(this.#slots, user, this.#stagedHashes[staged] as number);
    if (this.#size > this.#slots.length * this.#mostUsed) this.#growSlots();
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
    const latest = latestOf(time);
    words[at + LATEST] = latest;
    words[at + SHAPE] = ((words[at + SHAPE] as number) & ~FINE_MASK) | fineOf(time, latest);
  }

  /** Whether all facts of a user are surely older than `time`; false says nothing. */
  isBefore(user: number, time: number): boolean {
    const words = this.#records.words(user);
    const at = wordOf(user);
    const latest = words[at + LATEST] as number;
    const other = latestOf(time);
    if (latest !== other) return latest < other;
    return ((words[at + SHAPE] as number) & FINE_MASK) < fineOf(time, other);
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

  /** Code of the user's tenant. */
  tenantOf(user: number): number {
    return this.#records.words(user)[wordOf(user) + TENANT] as number;
  }

  /** Removes a user's facts: the user is as when it was added. */
  clear(user: number): void {
    const words = this.#records.words(user);
    const at = wordOf(user);
    words[at + HEAD] = 0;
    words[at + LATEST] = 0;
    words[at + SHAPE] = (words[at + SHAPE] as number) & SHAPE_MASK;
  }

  /** Points the row's tenant, user key and the key's flags at the user's. */
  load(user: number, row: EventRow): void {
    const words = this.#records.words(user);
    const at = wordOf(user);
    const shape = words[at + SHAPE] as number;
    const length = shape & LENGTH_MASK;
    row.tenant = words[at + TENANT] as number;
    row.userLength = length;
    row.flags &= ~(FLAG_ANONYMOUS | FLAG_USER_UUID);
    if ((shape & SHAPE_ANONYMOUS) !== 0) row.flags |= FLAG_ANONYMOUS;
    if ((shape & SHAPE_UUID) !== 0) row.flags |= FLAG_USER_UUID;
    if (length > INLINE_BYTES) {
      row.user = this.#arena.bytes;
      row.userStart = words[at] as number;
    } else {
      row.user = this.#records.bytes(user);
      row.userStart = byteOf(user);
    }
  }

  #matches(user: number, staged: number): boolean {
    const words = this.#records.words(user);
    const at = wordOf(user);
    const own = this.#staged;
    const from = staged * 4;
    const shape = this.#stagedShapes[staged] as number;
    const columns = this.#columns as EntryColumns;
    const index = this.#from + staged;
    if (
      ((words[at + SHAPE] as number) & SHAPE_MASK) !== shape ||
      words[at + TENANT] !== columns.tenants[index]
    ) {
      return false;
    }
    const length = shape & LENGTH_MASK;
    if (length > INLINE_BYTES) {
      const start = columns.userStarts[index] as number;
      return this.#arena.equals(words[at] as number, columns.bytes, start, length);
    }
    return (
      words[at] === own[from] &&
      words[at + 1] === own[from + 1] &&
      words[at + 2] === own[from + 2] &&
      words[at + 3] === own[from + 3]
    );
  }

  /** @param words the key's first bytes, from `at` on @param bytes of a longer key, from `start` on */
  #hashOf(
    words: Uint32Array,
    at: number,
    shape: number,
    tenant: number,
    bytes: Uint8Array,
    start: number,
  ): number {
    const key0 = this.#key0 ^ tenant;
    const length = shape & LENGTH_MASK;
    if (length > INLINE_BYTES) {
      return keyedHash(bytes, start, start + length, key0, this.#key1 ^ shape);
    }
    return keyedHashOfWords(words, at, (length + 3) >>> 2, shape, key0, this.#key1);
  }

  /** A record does not spend four bytes on its hash: it is computed again, once a doubling. */
  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    for (let user = 0; user < this.#size; user += 1) {
      const words = this.#records.words(user);
      const at = wordOf(user);
      const shape = (words[at + SHAPE] as number) & SHAPE_MASK;
      const tenant = words[at + TENANT] as number;
      const { bytes } = this.#arena;
      place(slots, user, this.#hashOf(words, at, shape, tenant, bytes, words[at] as number));
    }
    this.#slots = slots;
  }
}

/** The key's flags as its shape has them. */
function shapeOf(flags: number): number {
  return (
    ((flags & FLAG_ANONYMOUS) === 0 ? 0 : SHAPE_ANONYMOUS) |
    ((flags & FLAG_USER_UUID) === 0 ? 0 : SHAPE_UUID)
  );
}

/** Puts a user into the first free slot from its hash on. */
function place(slots: Int32Array, user: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while (slots[slot] !== 0) slot = (slot + 1) & mask;
  slots[slot] = (user + 1) | ((hash >>> USER_BITS) << USER_BITS);
}
