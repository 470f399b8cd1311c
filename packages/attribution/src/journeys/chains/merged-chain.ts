import { EventRow } from "@tributary/protocol";
import type { FactTable } from "../tables/fact-table.ts";
import { compareIds, idText } from "../tables/id-order.ts";

/**
 * Merges facts of several chains into one journey, by time, then event ID. Where several chains hold one event ID, only the
 * fact of the first of those chains counts, whatever its time and type: a person does a thing once, under whatever key.
 * @param heads newest fact of each chain, −1 for none @param isWanted which facts are merged
 */
export function mergeChains(
  facts: FactTable,
  heads: readonly number[],
  isWanted: (fact: number) => boolean,
): number[] {
  const row = new EventRow();
  const other = new EventRow();
  const idOf = (fact: number): string => {
    facts.load(fact, row);
    return idText(row);
  };
  const wanted = heads.map((head) => [...chain(facts, head)].filter(isWanted));
  const last = wanted.findLastIndex((of) => of.length > 0);
  const merged: number[] = [];
  // IDs of all facts of the chains before, wanted or not.
  const ids = new Set<string>();
  for (const [i, head] of heads.slice(0, last + 1).entries()) {
    merged.push(...(wanted[i] ?? []).filter((fact) => !ids.has(idOf(fact))));
    if (i === last) break;
    for (const fact of chain(facts, head)) ids.add(idOf(fact));
  }
  return merged.sort((a, b) => {
    const order = facts.timeOf(a) - facts.timeOf(b);
    if (order !== 0) return order;
    facts.load(a, row);
    facts.load(b, other);
    return compareIds(row, other);
  });
}

/** A chain's facts, newest first. */
function* chain(facts: FactTable, head: number): Generator<number> {
  for (let fact = head; fact >= 0; fact = facts.olderThan(fact)) yield fact;
}
