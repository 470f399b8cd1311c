/** Whose an anonymous ID is, as its own partition decided. */
export interface Decision {
  /** The user that it was first seen with. */
  readonly user: number;
  /** When, ms since 1970. */
  readonly time: number;
  /** Of the user's last announcement. */
  readonly version: number;
  /** Whether that user takes it. */
  readonly linked: boolean;
  /** Of the owner; 0 where it never had another than itself. */
  readonly generation: number;
  readonly keptUntilMs: number;
}

/** Whose an anonymous ID is, as the partition of its user was told. */
interface Link {
  /** −1 where it is none of this partition's. */
  readonly user: number;
  readonly generation: number;
  readonly keptUntilMs: number;
}

/** About what a decision or link takes, bytes, for accounting. */
const RECORD_BYTES = 150;
const NOBODY: readonly number[] = [];

/**
 * Who owns which journey of a partition. An anonymous journey is its own until its partition decides otherwise; then it is
 * a user's, in the user's partition, where it lies as a copy unless both are the same partition.
 */
export class Owners {
  readonly #decisions = new Map<number, Decision>();
  readonly #links = new Map<number, Link>();
  /** Anonymous journeys of each user here. */
  readonly #linked = new Map<number, number[]>();
  /** Journeys whose own partition is another one. */
  readonly #copies = new Set<number>();
  /** Compares the user keys of two journeys by their bytes. */
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

  /** Whether some journey here is not, or may not be, its own. */
  get active(): boolean {
    return this.#decisions.size + this.#links.size + this.#copies.size > 0;
  }

  /** The user whose conversions a journey's are; −1 where they are none of this partition's. */
  ownerOf(journey: number): number {
    const decision = this.#decisions.get(journey);
    if (decision?.linked === false) return journey;
    const link = this.#links.get(journey);
    // Where both are known here, a link that is not what was decided last is about to be replaced.
    if (link !== undefined && link.user >= 0 && (decision?.user ?? link.user) === link.user) {
      return link.user;
    }
    return decision !== undefined || this.#copies.has(journey) ? -1 : journey;
  }

  /** The anonymous journeys that are a user's, by their keys' bytes. */
  linkedTo(user: number): readonly number[] {
    return this.#linked.get(user) ?? NOBODY;
  }

  /** Of a journey's results. */
  generationOf(journey: number): number {
    const decision = this.#decisions.get(journey);
    if (decision?.linked === false) return decision.generation;
    return this.#links.get(journey)?.generation ?? 0;
  }

  decisionOf(journey: number): Decision | undefined {
    return this.#decisions.get(journey);
  }

  linkOf(journey: number): Link | undefined {
    return this.#links.get(journey);
  }

  isCopy(journey: number): boolean {
    return this.#copies.has(journey);
  }

  addCopy(journey: number): void {
    this.#copies.add(journey);
  }

  /** @param positionMs time of the batch's last entry, ms */
  nextGeneration(positionMs: number): number {
    return Math.max(this.#lastGeneration + 1, positionMs);
  }

  /** A generation was given: those that follow are larger. */
  gaveGeneration(generation: number): void {
    this.#lastGeneration = Math.max(this.#lastGeneration, generation);
  }

  decide(journey: number, decision: Decision): void {
    this.#decisions.set(journey, decision);
    this.gaveGeneration(decision.generation);
  }

  link(journey: number, link: Link): void {
    const before = this.#links.get(journey)?.user ?? -1;
    this.#links.set(journey, link);
    if (before === link.user) return;
    if (before >= 0) {
      this.#linked.set(
        before,
        this.linkedTo(before).filter((other) => other !== journey),
      );
    }
    if (link.user >= 0) {
      this.#linked.set(link.user, [...this.linkedTo(link.user), journey].sort(this.compare));
    }
  }
}

/** The user that has it; −1 for none. */
export function userOf(decision: Decision | undefined): number {
  return decision?.linked === true ? decision.user : -1;
}
