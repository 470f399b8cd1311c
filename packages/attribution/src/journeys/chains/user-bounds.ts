import {
  CHANNEL_DIMENSION,
  isTouchpointType,
  TYPE_CONVERSION,
  TYPE_CUSTOM,
  TYPE_REFUND,
  TYPE_VISIT,
} from "@tributary/protocol";
import type { JourneyTables } from "./journey-tables.ts";

/** Kinds of facts, each with a bound of its own for a user key: what there is much of takes no room from the others. */
const KIND_PURCHASE = 0;
/** Touchpoints that say where the user came from: all but direct visits. */
const KIND_TOUCHPOINT = 1;
const KIND_DIRECT_VISIT = 2;
const KIND_CUSTOM = 3;
const KIND_IDENTIFY = 4;
const KINDS = 5;

/** Memory of a chain's counts, bytes: an estimate, for accounting. */
const COUNTS_BYTES = 150;

/**
 * The bounds on the facts of a user key. Facts are counted by kind in chains only that hold as many as the smallest bound:
 * by a walk the first time, and whenever the chain has changed otherwise than by {@link add}.
 */
export class UserBounds {
  readonly #tables: JourneyTables;
  /** Most facts by kind. */
  readonly #most: readonly number[];
  readonly #least: number;
  /** Facts by kind, and their sum last. */
  readonly #counts = new Map<number, Uint32Array>();

  constructor(tables: JourneyTables) {
    this.#tables = tables;
    this.#most = mostOf(tables.options);
    this.#least = Math.min(...this.#most);
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#counts.size * COUNTS_BYTES;
  }

  /**
   * Whether a chain holds all facts of a kind that it may.
   * @param chain −1 for a new one @param type code of the fact to be added
   * @param tuple a touchpoint's combination of dimensions, its channel among them
   * @returns the kind, −1 where there is room
   */
  exceededBy(chain: number, type: number, tuple: number): number {
    if (chain < 0) return -1;
    const held = this.#tables.users.countOf(chain);
    if (held < this.#least) return -1;
    let counts = this.#counts.get(chain);
    if (counts?.[KINDS] !== held) {
      counts = this.#count(chain);
      this.#counts.set(chain, counts);
    }
    const kind = this.#kindOf(type, tuple);
    return (counts[kind] as number) < (this.#most[kind] as number) ? -1 : kind;
  }

  /** Counts a fact that was added to a chain. */
  add(chain: number, type: number, tuple: number): void {
    if (this.#tables.users.countOf(chain) <= this.#least) return;
    const counts = this.#counts.get(chain);
    if (counts === undefined) return;
    const kind = this.#kindOf(type, tuple);
    counts[kind] = (counts[kind] as number) + 1;
    counts[KINDS] = (counts[KINDS] as number) + 1;
  }

  /** @param tuple a touchpoint's combination of dimensions, its channel among them */
  #kindOf(type: number, tuple: number): number {
    if (type === TYPE_CONVERSION || type === TYPE_REFUND) return KIND_PURCHASE;
    if (type === TYPE_CUSTOM) return KIND_CUSTOM;
    if (!isTouchpointType(type)) return KIND_IDENTIFY;
    const { channels, tuples } = this.#tables.vocabulary;
    const isDirect = tuples.code(tuple, CHANNEL_DIMENSION) === channels.directCode;
    return type === TYPE_VISIT && isDirect ? KIND_DIRECT_VISIT : KIND_TOUCHPOINT;
  }

  #count(chain: number): Uint32Array {
    const { users, facts } = this.#tables;
    const counts = new Uint32Array(KINDS + 1);
    for (let fact = users.headOf(chain); fact >= 0; fact = facts.olderThan(fact)) {
      const kind = this.#kindOf(facts.typeOf(fact), facts.referenceOf(fact));
      counts[kind] = (counts[kind] as number) + 1;
      counts[KINDS] = (counts[KINDS] as number) + 1;
    }
    return counts;
  }
}

/** What bounds the facts of a user key. */
export interface UserBoundOptions {
  readonly maxFactsPerUser: number;
  readonly maxConversionsPerUser: number;
}

/** Most facts of a user key by kind. */
function mostOf({ maxFactsPerUser, maxConversionsPerUser }: UserBoundOptions): readonly number[] {
  const most = Array.from({ length: KINDS }, () => maxFactsPerUser);
  most[KIND_PURCHASE] = maxConversionsPerUser;
  most[KIND_DIRECT_VISIT] = maxDirectVisits(maxFactsPerUser);
  return most;
}

function maxDirectVisits(maxFactsPerUser: number): number {
  return Math.ceil(maxFactsPerUser / 2);
}

/** Most facts, and most touchpoints among them, of a user key. */
export function mostFactsOfUser(options: UserBoundOptions): {
  readonly facts: number;
  readonly touchpoints: number;
} {
  const { maxFactsPerUser } = options;
  return {
    facts: mostOf(options).reduce((sum, most) => sum + most, 0),
    touchpoints: maxFactsPerUser + maxDirectVisits(maxFactsPerUser),
  };
}
