import { compareKeys, copyOf, type Key, sameKey, textOf } from "../chains/key.ts";

/** An anonymous ID that was seen with a user, as the user's partition remembers it. */
interface Pair {
  readonly key: Key;
  /** The earliest event with both, ms since 1970. */
  time: number;
  /** Until which event time the anonymous ID's partition remembers it, ms since 1970. */
  keptUntilMs: number;
}

/** A pair for the anonymous ID's partition. */
export interface Announcement {
  readonly user: number;
  readonly key: Key;
  readonly time: number;
  /** Larger than those of all earlier announcements. */
  readonly version: number;
  /** Whether the user takes the anonymous ID. */
  readonly linked: boolean;
  readonly keptUntilMs: number;
}

interface Candidate {
  readonly user: number;
  readonly key: Key;
  readonly time: number;
}

/** Most refused pairs that are remembered as announced: the next events of such a pair are not announced again. */
const MAX_REFUSED = 4096;
/** Memory of a pair, bytes: an estimate, for accounting. */
const PAIR_BYTES = 200;

/**
 * The users' side of identity: the anonymous IDs that each user was seen with. A user takes the first ones by the time of
 * the earliest event with both, then by key. Minima do not depend on the order of arrival.
 */
export class Pairs {
  readonly #limit: number;
  readonly #refreshMs: number;
  readonly #ofUser = new Map<number, Pair[]>();
  readonly #refused = new Map<string, { time: number; keptUntilMs: number }>();
  #candidates: Candidate[] = [];
  #lastVersion = 0;
  #size = 0;

  /** @param limit anonymous IDs of a user @param refreshMs event time after which a pair in use is announced again, ms */
  constructor(limit: number, refreshMs: number) {
    this.#limit = limit;
    this.#refreshMs = refreshMs;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return (this.#size + this.#refused.size) * PAIR_BYTES;
  }

  /** Whether an event with both changes nothing. Cost: one look-up, and a comparison with the user's pairs. */
  isKnown(user: number, key: Key, time: number): boolean {
    const pair = this.#ofUser.get(user)?.find((other) => sameKey(other.key, key));
    return pair !== undefined && time >= pair.time && time <= pair.keptUntilMs;
  }

  /** Notes an event with both, for {@link settle} to decide. */
  note(user: number, key: Key, time: number): void {
    this.#candidates.push({ user, key: copyOf(key), time });
  }

  /** Begins a batch: forgets events that were noted and not settled. */
  begin(): void {
    this.#candidates = [];
  }

  /**
   * Takes the events that were noted.
   * @param arrivedMs time of the batch's last entry, ms since 1970: versions grow with it
   * @param refused called for each pair that a user does not take
   * @returns one announcement for each pair that changed
   */
  settle(arrivedMs: number, refused: () => void): Announcement[] {
    if (this.#candidates.length === 0) return [];
    const rejected: Omit<Announcement, "version">[] = [];
    const changed = new Map<Pair, number>();
    for (const { user, key, time } of this.#candidates) {
      const known = this.#ofUser.get(user) ?? [];
      const pair = known.find((other) => sameKey(other.key, key));
      if (pair !== undefined) {
        if (time >= pair.time && time <= pair.keptUntilMs) continue;
        pair.time = Math.min(pair.time, time);
        pair.keptUntilMs = Math.max(pair.keptUntilMs, time + this.#refreshMs);
        changed.set(pair, user);
        continue;
      }
      const added = { key, time, keptUntilMs: time + this.#refreshMs };
      const refusedPair = this.#add(user, known, added);
      if (refusedPair !== added) changed.set(added, user);
      if (refusedPair === undefined) continue;
      changed.delete(refusedPair);
      if (this.#isRefused(user, refusedPair)) continue;
      refused();
      rejected.push({ user, ...refusedPair, linked: false });
    }
    this.#candidates = [];
    const accepted = [...changed].map(([pair, user]) => ({ user, ...pair, linked: true }));
    return [...rejected, ...accepted].map((pair): Announcement => {
      return { ...pair, version: this.nextVersion(arrivedMs) };
    });
  }

  /** A version larger than all earlier ones. @param arrivedMs see {@link settle} */
  nextVersion(arrivedMs: number): number {
    this.#lastVersion = Math.max(this.#lastVersion + 1, arrivedMs);
    return this.#lastVersion;
  }

  /** The anonymous IDs that a user takes. */
  keysOf(user: number): readonly Key[] {
    return (this.#ofUser.get(user) ?? []).map(({ key }) => key);
  }

  /** Forgets a user's pairs. @param version of the user's erasure */
  forget(user: number, version: number): void {
    this.#lastVersion = Math.max(this.#lastVersion, version);
    this.#size -= this.#ofUser.get(user)?.length ?? 0;
    this.#ofUser.delete(user);
    for (const name of this.#refused.keys()) {
      if (name.startsWith(`${user}:`)) this.#refused.delete(name);
    }
  }

  /** Takes an earlier announcement from the log. */
  restore({ user, key, time, version, linked, keptUntilMs }: Announcement): void {
    this.#lastVersion = Math.max(this.#lastVersion, version);
    const known = this.#ofUser.get(user) ?? [];
    const others = known.filter((other) => !sameKey(other.key, key));
    if (linked) others.push({ key, time, keptUntilMs });
    this.#size += others.length - known.length;
    this.#ofUser.set(user, others);
  }

  /** @returns the last of the user's pairs, which the user does not or no longer takes; undefined where there is room */
  #add(user: number, known: Pair[], added: Pair): Pair | undefined {
    if (known.length < this.#limit) {
      known.push(added);
      this.#ofUser.set(user, known);
      this.#size += 1;
      return undefined;
    }
    let last = 0;
    for (let i = 1; i < known.length; i += 1) {
      if (comparePairs(known[i] as Pair, known[last] as Pair) > 0) last = i;
    }
    const refusedPair = known[last] as Pair;
    if (comparePairs(added, refusedPair) > 0) return added;
    known[last] = added;
    return refusedPair;
  }

  /** Whether the refusal of this pair was announced; from now on it counts as announced. */
  #isRefused(user: number, { key, time, keptUntilMs }: Pair): boolean {
    const name = `${user}:${key.uuid ? 1 : 0}:${textOf(key)}`;
    const known = this.#refused.get(name);
    if (
      known !== undefined &&
      time >= known.time &&
      keptUntilMs - this.#refreshMs <= known.keptUntilMs
    ) {
      return true;
    }
    // All at once: announcing some refusals again is harmless, and cheaper than a list in order of use.
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear();
    this.#refused.set(name, { time: Math.min(time, known?.time ?? time), keptUntilMs });
    return false;
  }
}

function comparePairs(a: Pair, b: Pair): number {
  return a.time - b.time || compareKeys(a.key, b.key);
}
