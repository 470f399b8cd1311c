/** Most keys in one object: comparing each with each stays cheap, whatever the sender sends. */
export const MAX_KEYS = 64;

/** The empty string, packed. */
const EMPTY = 0xa0;

/** The keys of the objects that are open, by depth: to find one that repeats. */
export class JsonKeys {
  /** Where each key starts in the output. */
  readonly #starts: Int32Array;
  /** A bit for the shape of every key so far: mostly no key shares its bit with another. */
  readonly #shapes: Int32Array;

  /** @param depth of the deepest object, from 1 */
  constructor(depth: number) {
    this.#starts = new Int32Array((depth + 1) * MAX_KEYS);
    this.#shapes = new Int32Array(depth + 1);
  }

  /** Begins an object. */
  open(depth: number): void {
    this.#shapes[depth] = 0;
  }

  /**
   * Adds the key that is packed at out[start…end) as its object's key number `index` (below {@link MAX_KEYS}).
   * @returns false where the object has it already (`JSON.parse` keeps the last), and where it is all digits
   *   (JavaScript's objects put such keys first)
   */
  add(depth: number, index: number, out: Uint8Array, start: number, end: number): boolean {
    const lead = out[start] as number;
    const isEmpty = lead === EMPTY;
    // The byte behind the empty key's head belongs to whatever was written there before.
    const first = isEmpty ? 0 : (out[start + 1] as number);
    // Of a short string, the head is the length; a longer one differs from all short ones by its head.
    if (!isEmpty && isDigits(out, start + 1, end)) return false;
    const bit = 1 << (lead * 7 + first + (out[end - 1] as number));
    const base = depth * MAX_KEYS;
    const shapes = this.#shapes[depth] as number;
    if ((shapes & bit) !== 0) {
      for (let i = 0; i < index; i += 1) {
        if (sameBytes(out, this.#starts[base + i] as number, start, end)) return false;
      }
    }
    this.#shapes[depth] = shapes | bit;
    this.#starts[base + index] = start;
    return true;
  }
}

function isDigits(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    const byte = bytes[i] as number;
    if (byte < 0x30 || byte > 0x39) return false;
  }
  return true;
}

/** A packed string begins with its length, so that none is the beginning of another. */
function sameBytes(bytes: Uint8Array, other: number, start: number, end: number): boolean {
  for (let i = start; i < end; i += 1) {
    if (bytes[other + i - start] !== bytes[i]) return false;
  }
  return true;
}
