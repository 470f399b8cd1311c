/** The root: where every sequence begins. */
export const ROOT = 0;
/** In place of a node or sequence that does not exist. */
export const NONE = -1;

/** Elements are below this; with it a node and an element make one key that float64 holds exactly. */
const ELEMENT_LIMIT = 2 ** 24;

/**
 * Numbers sequences of small integers, equal ones alike: a trie whose edges lie in one hash map.
 * Cost: one look-up an element; about 40 bytes a node.
 */
export class SequenceIndex {
  readonly #edges = new Map<number, number>();
  /** By node: the number of the sequence that ends there. */
  readonly #numbers: number[] = [NONE];
  #size = 0;

  /** How many different sequences there are. */
  get size(): number {
    return this.#size;
  }

  /** The number of `elements[from]` … `elements[to - 1]`: the next free one (from 0) where it is new. */
  add(elements: Int32Array, from: number, to: number): number {
    let node = ROOT;
    for (let i = from; i < to; i += 1) {
      const element = elements[i] ?? 0;
      if (!(element >= 0 && element < ELEMENT_LIMIT)) {
        throw new RangeError(`an element is ${element}; expected 0 or more and below 2^24`);
      }
      const key = node * ELEMENT_LIMIT + element;
      let next = this.#edges.get(key);
      if (next === undefined) {
        next = this.#numbers.length;
        this.#edges.set(key, next);
        this.#numbers.push(NONE);
      }
      node = next;
    }
    let number = this.#numbers[node] ?? NONE;
    if (number === NONE) {
      number = this.#size;
      this.#numbers[node] = number;
      this.#size += 1;
    }
    return number;
  }

  /** The node that the elements lead to from a node, or NONE. */
  walk(node: number, elements: Int32Array, from: number, to: number): number {
    let at = node;
    for (let i = from; i < to && at !== NONE; i += 1) {
      at = this.#edges.get(at * ELEMENT_LIMIT + (elements[i] ?? 0)) ?? NONE;
    }
    return at;
  }

  /** The number of the sequence that ends at a node, or NONE. */
  numberAt(node: number): number {
    return this.#numbers[node] ?? NONE;
  }
}
