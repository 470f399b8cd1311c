import { compareEntryIds } from "../redis/entry-id.ts";

/** Entries that lie one behind the other in a stream, as one read gave them. */
interface Run {
  readonly ids: readonly string[];
  /** Those that are not acknowledged yet. */
  readonly left: Set<string>;
}

/** Runs that are kept while an earlier one is in another consumer's hands. Beyond, the oldest is given out again. */
const MAX_RUNS = 256;

/**
 * The runs of entries that were read of a stream and are not known to be behind what its group has acknowledged: what tells that
 * everything up to an ID is done with, and not only the entries that somebody was given.
 */
export class ReadRuns {
  #runs: Run[] = [];

  /** Entries were read. @param ids in the stream's order, without another entry in between */
  read(ids: readonly string[]): void {
    if (ids.length === 0) return;
    this.#runs.push({ ids, left: new Set(ids) });
    if (this.#runs.length > MAX_RUNS) this.#runs.shift();
  }

  /** Entries are done with. */
  acknowledged(ids: readonly string[]): void {
    for (const { left } of this.#runs) for (const id of ids) left.delete(id);
  }

  /** The runs as far as they are done with, as the scripts take them: (number of entries, IDs) each. */
  complete(): (string | number)[] {
    return this.#runs.flatMap(({ ids, left }) => {
      const open = ids.findIndex((id) => left.has(id));
      const done = open < 0 ? ids : ids.slice(0, open);
      return done.length === 0 ? [] : [done.length, ...done];
    });
  }

  /** Forgets the runs that are behind what the group has acknowledged. @param id up to which that is everything */
  settle(id: string): void {
    this.#runs = this.#runs.filter(
      ({ left, ids }) => left.size > 0 || compareEntryIds(ids.at(-1) ?? id, id) > 0,
    );
  }

  /** Forgets all of them. */
  forget(): void {
    this.#runs = [];
  }
}
