import { EventRow } from "@tributary/protocol";
import type { FactTable } from "../tables/fact-table.ts";
import { compareIds, idText } from "../tables/id-order.ts";

/**
 * Merges facts of several chains into one journey, by time, then event ID. Where several chains hold one event ID, the fact
 * of the first of those chains is kept: a person does a thing once, under whatever key.
 * @param heads newest fact of each chain, −1 for none @param isWanted which facts are merged
 */
export function mergeChains(
  facts: FactTable,
  heads: readonly number[],
  isWanted: (fact: number) => boolean,
): number[] {
  const row = new EventRow();
  const other = new EventRow();
  const merged: number[] = [];
  const ids = new Set<string>();
  for (const head of heads) {
    for (let fact = head; fact >= 0; fact = facts.olderThan(fact)) {
      if (!isWanted(fact)) continue;
      facts.load(fact, row);
      const id = idText(row);
      if (ids.has(id)) continue;
      ids.add(id);
      merged.push(fact);
    }
  }
  return merged.sort((a, b) => {
    const order = facts.timeOf(a) - facts.timeOf(b);
    if (order !== 0) return order;
    facts.load(a, row);
    facts.load(b, other);
    return compareIds(row, other);
  });
}
