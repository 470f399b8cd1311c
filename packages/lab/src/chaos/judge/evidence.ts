import { deadLettersKey, factsKey, rewrittenFactsKey, stateKey } from "@tributary/protocol";
import type { Redis } from "ioredis";

/** What is read of the platform before it is stopped. */
export interface Evidence {
  /** Sums of the books' counters, over partitions, by tenant and name. */
  readonly books: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Differences of accepted and the sum of what became of it, of each partition and tenant where there is one. */
  readonly residues: readonly string[];
  /** Facts in the logs of all partitions. */
  readonly logged: number;
  /** Events that were computed again. */
  readonly recomputed: number;
  /** Blocks among the dead letters. */
  readonly deadLetters: readonly string[];
}

/**
 * Reads books, logs and dead letters from Redis, by their documented names and with nothing of `streams`.
 * @param passersBy the partition whose facts are not counted
 */
export async function readEvidence(
  redis: Redis,
  partitions: number,
  passersBy: number,
): Promise<Evidence> {
  const books = new Map<string, Map<string, number>>();
  const residues: string[] = [];
  const deadLetters: string[] = [];
  let logged = 0;
  let recomputed = 0;
  for (let partition = 0; partition < partitions; partition += 1) {
    const state = await redis.hgetall(stateKey(partition));
    recomputed += Number(state["recomputed"] ?? 0);
    for (const [tenant, counts] of booksOf(state)) {
      const sums = books.get(tenant) ?? new Map<string, number>();
      books.set(tenant, sums);
      let residue = 0;
      for (const [name, count] of counts) {
        sums.set(name, (sums.get(name) ?? 0) + count);
        if (name === "accepted") residue += count;
        else if (isOutcome(name)) residue -= count;
      }
      if (residue !== 0) residues.push(`partition ${partition}, tenant ${tenant}: ${residue}`);
    }
    for (const [, fields] of await redis.xrange(factsKey(partition), "-", "+")) {
      if (partition !== passersBy) logged += Number(fieldOf(fields, "n"));
    }
    for (const block of await redis.zrange(rewrittenFactsKey(partition), "0", "-1")) {
      logged += Number(block.split(" ", 2)[1]);
    }
    for (const [, fields] of await redis.xrange(deadLettersKey(partition), "-", "+")) {
      deadLetters.push(fieldOf(fields, "b"));
    }
  }
  return { books, residues, logged, recomputed, deadLetters };
}

/** What becomes of an accepted event; the books hold remarks beside (late, say), which are no outcome of their own. */
function isOutcome(name: string): boolean {
  return ["duplicate", "processed", "dead_lettered"].includes(name) || name.startsWith("dropped_");
}

function booksOf(state: Readonly<Record<string, string>>): Map<string, Map<string, number>> {
  const books = new Map<string, Map<string, number>>();
  for (const [field, count] of Object.entries(state)) {
    const [kind, tenant, name] = field.split(":");
    if (kind !== "books" || tenant === undefined || name === undefined) continue;
    const counts = books.get(tenant) ?? new Map<string, number>();
    counts.set(name, Number(count));
    books.set(tenant, counts);
  }
  return books;
}

function fieldOf(fields: readonly string[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? "";
  return "";
}
