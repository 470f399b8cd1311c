/** Which user an anonymous ID belongs to, as the anonymous ID's own partition decided. */
export interface Decision {
  /** The user with whom it was first seen. */
  readonly user: number;
  /** Event time at which it was, ms since 1970. */
  readonly time: number;
  /** Version of that user's last announcement. */
  readonly version: number;
  /** Whether that user takes it. */
  readonly linked: boolean;
  /** Grows with each person that the ID belongs to; 0 where it only ever was its own. */
  readonly generation: number;
  /** Event time until which the log keeps the decision, ms since 1970. */
  readonly keptUntilMs: number;
}

/** Which user an anonymous ID belongs to, as its partition told the user's. */
export interface Link {
  /** −1 where the user is in another partition, or there is none. */
  readonly user: number;
  readonly generation: number;
  readonly keptUntilMs: number;
}

/** Memory of a decision, a link or a copied chain, bytes: an estimate, for accounting. */
const RECORD_BYTES = 150;
const NO_CHAINS: readonly number[] = [];

/**
 * The persons of a partition. A person's journey is the chain of a user and the chains of the anonymous IDs linked to that
 * user. An anonymous ID is a person of its own until its partition decides otherwise; then its chain belongs to the journey
 * in the user's partition, where it lies as a copy unless both partitions are the same.
 */
export class Persons {
  readonly #decisions = new Map<number, Decision>();
  readonly #links = new Map<number, Link>();
  /** Anonymous chains by user. */
  readonly #linked = new Map<number, number[]>();
  /** Chains copied from another partition. */
  readonly #copies = new Set<number>();
  /** Compares the user keys of two chains by their bytes. */
  readonly compare: (a: number, b: number) => number;
  #lastGeneration = 0;

  /** @param compare see {@link compare} */
  constructor(compare: (a: number, b: number) => number) {
    this.compare = compare;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return (this.#decisions.size + this.#links.size + this.#copies.size) * RECORD_BYTES;
  }

  /** Whether some chain may belong to another person than its own key. */
  get active(): boolean {
    return this.#decisions.size + this.#links.size + this.#copies.size > 0;
  }

  /** The chain of the person whose conversions a chain's are; −1 where another partition credits them. */
  personOf(chain: number): number {
    const decision = this.#decisions.get(chain);
    if (decision?.linked === false) return chain;
    const link = this.#links.get(chain);
    // Where this partition holds both, a link that differs from the decision is about to be replaced.
    if (link !== undefined && link.user >= 0 && (decision?.user ?? link.user) === link.user) {
      return link.user;
    }
    return decision !== undefined || this.#copies.has(chain) ? -1 : chain;
  }

  /** The anonymous chains linked to a user, in the order of their keys' bytes. */
  linkedTo(user: number): readonly number[] {
    return this.#linked.get(user) ?? NO_CHAINS;
  }

  /** The chains of a person's journey, the person's own first; a chain alone where another partition has the person. */
  journeyOf(chain: number): readonly number[] {
    const person = this.active ? this.personOf(chain) : chain;
    if (person < 0) return [chain];
    const linked = this.linkedTo(person);
    return linked.length === 0 ? [person] : [person, ...linked];
  }

  /** The generation that the results of a chain's conversions carry. */
  generationOf(chain: number): number {
    const decision = this.#decisions.get(chain);
    if (decision?.linked === false) return decision.generation;
    return this.#links.get(chain)?.generation ?? 0;
  }

  decisionOf(chain: number): Decision | undefined {
    return this.#decisions.get(chain);
  }

  linkOf(chain: number): Link | undefined {
    return this.#links.get(chain);
  }

  isCopy(chain: number): boolean {
    return this.#copies.has(chain);
  }

  addCopy(chain: number): void {
    this.#copies.add(chain);
  }

  /** @param arrivedMs time of the batch's last entry, ms since 1970 */
  nextGeneration(arrivedMs: number): number {
    return Math.max(this.#lastGeneration + 1, arrivedMs);
  }

  /** Makes later generations larger than this one. */
  noteGeneration(generation: number): void {
    this.#lastGeneration = Math.max(this.#lastGeneration, generation);
  }

  decide(chain: number, decision: Decision): void {
    this.#decisions.set(chain, decision);
    this.noteGeneration(decision.generation);
  }

  link(chain: number, link: Link): void {
    const before = this.#links.get(chain)?.user ?? -1;
    this.#links.set(chain, link);
    if (before === link.user) return;
    if (before >= 0) {
      this.#linked.set(
        before,
        this.linkedTo(before).filter((other) => other !== chain),
      );
    }
    if (link.user >= 0) {
      this.#linked.set(link.user, [...this.linkedTo(link.user), chain].sort(this.compare));
    }
  }
}

/** The user that takes an anonymous ID; −1 for none. */
export function userOf(decision: Decision | undefined): number {
  return decision?.linked === true ? decision.user : -1;
}
