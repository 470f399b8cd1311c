import type { JourneyTables } from "./journey-tables.ts";

/** A chain's facts, newest first. For what is decided seldom: the hot paths walk without a generator. */
export function* factsOf({ users, facts }: JourneyTables, chain: number): Generator<number> {
  for (let fact = users.headOf(chain); fact >= 0; fact = facts.olderThan(fact)) yield fact;
}

/** Event time of a chain's newest fact, ms since 1970; 0 where it has none. */
export function newestTimeOf({ users, facts }: JourneyTables, chain: number): number {
  const head = users.headOf(chain);
  return head < 0 ? 0 : facts.timeOf(head);
}
