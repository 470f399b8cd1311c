import { FLAG_ANONYMOUS, FLAG_USER_UUID, keyedHash, type EventRow } from "@tributary/protocol";

const INITIAL_USERS = 1024;
const KEY_FLAGS = FLAG_ANONYMOUS | FLAG_USER_UUID;

/**
 * Users of a partition: tenant, whole key and the newest fact of each, in typed arrays behind an open-addressing table.
 * The hash is keyed with a secret of the process; equal means that tenant, kind of key and every byte are equal.
 */
export class UserTable {
  readonly #key0: number;
  readonly #key1: number;
  #slots = new Int32Array(INITIAL_USERS * 2);
  #hashes = new Int32Array(INITIAL_USERS);
  #places = new Uint32Array(INITIAL_USERS);
  /** Key length, and its flags above it. */
  #shapes = new Uint16Array(INITIAL_USERS);
  #tenants = new Int32Array(INITIAL_USERS);
  /** The newest fact of each user, −1 for none. */
  heads = new Int32Array(INITIAL_USERS);
  /** Facts held of each user. */
  counts = new Int32Array(INITIAL_USERS);
  #keys = new Uint8Array(INITIAL_USERS * 16);
  #keysLength = 0;
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
    return this.#slots.byteLength + this.#hashes.length * 22 + this.#keys.byteLength;
  }

  /** The index of the row's user, new where it was not seen before. */
  intern(row: EventRow): number {
    const { user, userStart, userLength, tenant } = row;
    const keyFlags = row.flags & KEY_FLAGS;
    const shape = userLength | (keyFlags << 8);
    const hash = keyedHash(
      user,
      userStart,
      userStart + userLength,
      this.#key0 ^ tenant,
      this.#key1 ^ keyFlags,
    );
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const found = (this.#slots[slot] as number) - 1;
      if (found < 0) break;
      if (
        this.#hashes[found] === hash &&
        this.#shapes[found] === shape &&
        this.#tenants[found] === tenant &&
        this.#keyEquals(found, user, userStart, userLength)
      ) {
        return found;
      }
      slot = (slot + 1) & mask;
    }
    const index = this.#size;
    if (index === this.#hashes.length) this.#growUsers();
    this.#slots[slot] = index + 1;
    this.#hashes[index] = hash;
    this.#shapes[index] = shape;
    this.#tenants[index] = tenant;
    this.heads[index] = -1;
    this.counts[index] = 0;
    this.#storeKey(index, user, userStart, userLength);
    this.#size = index + 1;
    if (this.#size * 2 > this.#slots.length) this.#growSlots();
    return index;
  }

  /** Points the row's tenant, user key and the key's flags at the user's. */
  load(user: number, row: EventRow): void {
    const shape = this.#shapes[user] as number;
    row.tenant = this.#tenants[user] as number;
    row.user = this.#keys;
    row.userStart = this.#places[user] as number;
    row.userLength = shape & 0xff;
    row.flags = (row.flags & ~KEY_FLAGS) | (shape >>> 8);
  }

  #keyEquals(index: number, user: Uint8Array, start: number, length: number): boolean {
    const place = this.#places[index] as number;
    const keys = this.#keys;
    for (let i = 0; i < length; i += 1) {
      if (keys[place + i] !== user[start + i]) return false;
    }
    return true;
  }

  #storeKey(index: number, user: Uint8Array, start: number, length: number): void {
    const place = this.#keysLength;
    if (place + length > this.#keys.length) {
      const grown = new Uint8Array(this.#keys.length * 2);
      grown.set(this.#keys);
      this.#keys = grown;
    }
    for (let i = 0; i < length; i += 1) this.#keys[place + i] = user[start + i] as number;
    this.#places[index] = place;
    this.#keysLength = place + length;
  }

  #growUsers(): void {
    const size = this.#hashes.length * 2;
    const grow = <T extends Int32Array | Uint32Array | Uint16Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#hashes = grow(this.#hashes, new Int32Array(size));
    this.#places = grow(this.#places, new Uint32Array(size));
    this.#shapes = grow(this.#shapes, new Uint16Array(size));
    this.#tenants = grow(this.#tenants, new Int32Array(size));
    this.heads = grow(this.heads, new Int32Array(size));
    this.counts = grow(this.counts, new Int32Array(size));
  }

  #growSlots(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#size; index += 1) {
      let slot = (this.#hashes[index] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}
