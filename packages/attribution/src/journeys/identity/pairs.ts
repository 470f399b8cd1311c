import { compareKeys, copyOf, type Key, sameKey, textOf } from "./key.ts";

/** A user and an anonymous ID that were seen together, as the user's partition remembers it. */
interface Pair {
  readonly key: Key;
  /** The earliest event with both, ms since 1970. */
  time: number;
  /** Until which event time the anonymous ID's partition remembers it, ms since 1970. */
  keptUntilMs: number;
}

/** What the anonymous ID's partition is to be told of a pair. */
export interface Announcement {
  readonly user: number;
  readonly key: Key;
  readonly time: number;
  /** Larger than those of all announcements before. */
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

/** Refused pairs that were announced and are kept in mind, so that their next events are not announced again. */
const MAX_REFUSED = 4096;
/** About what a pair takes, bytes, for accounting. */
const PAIR_BYTES = 200;

/**
 * The users' side of identity: which anonymous IDs each user was seen with. A user keeps the first ones by the time of the
 * earliest event with both, then by key; that is a minimum, so that it does not matter in which order events come.
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

  /** Whether an event with both says nothing new. Cost: one look-up, and a comparison with the user's pairs. */
  isKnown(user: number, key: Key, time: number): boolean {
    const pair = this.#ofUser.get(user)?.find((other) => sameKey(other.key, key));
    return pair !== undefined && time >= pair.time && time <= pair.keptUntilMs;
  }

  /** An event with both, which may say something new; {@link settle} decides. */
  note(user: number, key: Key, time: number): void {
    this.#candidates.push({ user, key: copyOf(key), time });
  }

  /** Forgets what was noted and not settled. */
  begin(): void {
    this.#candidates = [];
  }

  /**
   * Takes all that was noted, one announcement for each pair that it changes.
   * @param positionMs time of the batch's last entry, ms: what versions grow with
   * @param refused told of each pair that a user does not take
   */
  settle(positionMs: number, refused: () => void): Announcement[] {
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
      const outcast = this.#add(user, known, added);
      if (outcast !== added) changed.set(added, user);
      if (outcast === undefined) continue;
      changed.delete(outcast);
      if (this.#isRefused(user, outcast)) continue;
      refused();
      rejected.push({ user, ...outcast, linked: false });
    }
    this.#candidates = [];
    const accepted = [...changed].map(([pair, user]) => ({ user, ...pair, linked: true }));
    return [...rejected, ...accepted].map((pair): Announcement => {
      return { ...pair, version: this.nextVersion(positionMs) };
    });
  }

  /** Larger than all before. @param positionMs as of {@link settle} */
  nextVersion(positionMs: number): number {
    this.#lastVersion = Math.max(this.#lastVersion + 1, positionMs);
    return this.#lastVersion;
  }

  /** The anonymous IDs that a user takes. */
  keysOf(user: number): readonly Key[] {
    return (this.#ofUser.get(user) ?? []).map(({ key }) => key);
  }

  /** Forgets with whom a user was seen. @param version that the erasure had */
  forget(user: number, version: number): void {
    this.#lastVersion = Math.max(this.#lastVersion, version);
    this.#size -= this.#ofUser.get(user)?.length ?? 0;
    this.#ofUser.delete(user);
    for (const name of this.#refused.keys()) {
      if (name.startsWith(`${user}:`)) this.#refused.delete(name);
    }
  }

  /** What an announcement of before left: it is in the log. */
  restore({ user, key, time, version, linked, keptUntilMs }: Announcement): void {
    this.#lastVersion = Math.max(this.#lastVersion, version);
    const known = this.#ofUser.get(user) ?? [];
    const others = known.filter((other) => !sameKey(other.key, key));
    if (linked) others.push({ key, time, keptUntilMs });
    this.#size += others.length - known.length;
    this.#ofUser.set(user, others);
  }

  /** @returns the pair that the user does not take or no longer takes: the last of all; undefined where there is room */
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
    const outcast = known[last] as Pair;
    if (comparePairs(added, outcast) > 0) return added;
    known[last] = added;
    return outcast;
  }

  /** Whether it was announced that this pair is refused; from now on it counts as announced. */
  #isRefused(user: number, { key, time, keptUntilMs }: Pair): boolean {
    const name = `${user}:${key.uuid ? 1 : 0}:${textOf(key)}`;
    const known = this.#refused.get(name);
    if (
      known !== undefined &&
      time >= known.time &&
      keptUntilMs - this.#refreshMs <= known.keptUntilMs
    )
      return true;
    // All at once: a list in order of use would cost more than now and then announcing some again, which does no harm.
    if (this.#refused.size >= MAX_REFUSED) this.#refused.clear();
    this.#refused.set(name, { time: Math.min(time, known?.time ?? time), keptUntilMs });
    return false;
  }
}

function comparePairs(a: Pair, b: Pair): number {
  return a.time - b.time || compareKeys(a.key, b.key);
}
