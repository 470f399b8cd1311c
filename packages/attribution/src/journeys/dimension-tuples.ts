import { DIMENSION_COUNT, type EventRow } from "@tributary/protocol";

const INITIAL = 256;

/**
 * Interns the combination of a touchpoint's dimension codes: few combinations stand for many facts, so a fact holds
 * four bytes instead of twenty-four.
 */
export class DimensionTuples {
  #slots = new Int32Array(INITIAL * 2);
  #codes = new Int32Array(INITIAL * DIMENSION_COUNT);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#slots.byteLength + this.#codes.byteLength;
  }

  /** The number of the row's combination, counted from 0. */
  intern(dimensions: Int32Array): number {
    const mask = this.#slots.length - 1;
    let slot = hashOf(dimensions, 0) & mask;
    for (;;) {
      const found = (this.#slots[slot] as number) - 1;
      if (found < 0) break;
      if (this.#equals(found, dimensions)) return found;
      slot = (slot + 1) & mask;
    }
    const index = this.#size;
    if ((index + 1) * DIMENSION_COUNT > this.#codes.length) {
      const codes = new Int32Array(this.#codes.length * 2);
      codes.set(this.#codes);
      this.#codes = codes;
    }
    this.#codes.set(dimensions, index * DIMENSION_COUNT);
    this.#slots[slot] = index + 1;
    this.#size = index + 1;
    if (this.#size * 2 > this.#slots.length) this.#grow();
    return index;
  }

  /** Copies a combination's codes into the row. */
  load(tuple: number, row: EventRow): void {
    const at = tuple * DIMENSION_COUNT;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) row.dimensions[i] = this.#codes[at + i] as number;
  }

  /** One code of a combination. */
  code(tuple: number, dimension: number): number {
    return this.#codes[tuple * DIMENSION_COUNT + dimension] as number;
  }

  #equals(index: number, dimensions: Int32Array): boolean {
    const at = index * DIMENSION_COUNT;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) {
      if (this.#codes[at + i] !== dimensions[i]) return false;
    }
    return true;
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let index = 0; index < this.#size; index += 1) {
      let slot = hashOf(this.#codes, index * DIMENSION_COUNT) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = index + 1;
    }
    this.#slots = slots;
  }
}

function hashOf(codes: Int32Array, at: number): number {
  let hash = 0;
  for (let i = 0; i < DIMENSION_COUNT; i += 1) {
    hash = Math.imul(hash ^ (codes[at + i] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash;
}
