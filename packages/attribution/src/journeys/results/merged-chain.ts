import { EventRow } from "@tributary/protocol";
import { idText } from "./described-result.ts";
import type { FactTable } from "../tables/fact-table.ts";
import { compareIds } from "../tables/id-order.ts";

const left = new EventRow();
const right = new EventRow();

/**
 * Facts of several journeys, by time, then event ID, as one journey has them. Of several with one ID the one of the journey
 * that comes first is kept: a person did it once, whatever they were called then.
 * @param heads the newest fact of each, −1 for none @param counts which facts are wanted
 */
export function mergeChains(
  facts: FactTable,
  heads: readonly number[],
  counts: (fact: number) => boolean,
): number[] {
  const merged: number[] = [];
  const ids = new Set<string>();
  for (const head of heads) {
    for (let fact = head; fact >= 0; fact = facts.olderThan(fact)) {
      if (!counts(fact)) continue;
      facts.load(fact, left);
      const id = idText(left);
      if (ids.has(id)) continue;
      ids.add(id);
      merged.push(fact);
    }
  }
  return merged.sort((a, b) => facts.timeOf(a) - facts.timeOf(b) || compareFacts(facts, a, b));
}

function compareFacts(facts: FactTable, a: number, b: number): number {
  facts.load(a, left);
  facts.load(b, right);
  return compareIds(left, right);
}
