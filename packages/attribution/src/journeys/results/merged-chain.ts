import { EventRow } from "@tributary/protocol";
import { idText } from "./described-result.ts";
import type { FactTable } from "../tables/fact-table.ts";
import { compareIds } from "../tables/id-order.ts";

const left = new EventRow();
const right = new EventRow();

/**
 * Facts of several journeys, by time, then event ID, as one journey has them. Of several with one ID only that of the first
 * journey counts, whatever its time and type: a person did it once, whatever they were called then.
 * @param heads the newest fact of each, −1 for none @param counts which facts are wanted
 */
export function mergeChains(
  facts: FactTable,
  heads: readonly number[],
  counts: (fact: number) => boolean,
): number[] {
  const wanted = heads.map((head) => [...chain(facts, head)].filter(counts));
  const last = wanted.findLastIndex((of) => of.length > 0);
  const merged: number[] = [];
  // IDs of all facts of the journeys before, wanted or not.
  const ids = new Set<string>();
  for (const [i, head] of heads.slice(0, last + 1).entries()) {
    merged.push(...(wanted[i] ?? []).filter((fact) => !ids.has(idOf(facts, fact))));
    if (i === last) break;
    for (const fact of chain(facts, head)) ids.add(idOf(facts, fact));
  }
  return merged.sort((a, b) => facts.timeOf(a) - facts.timeOf(b) || compareFacts(facts, a, b));
}

/** A journey's facts, newest first. */
function* chain(facts: FactTable, head: number): Generator<number> {
  for (let fact = head; fact >= 0; fact = facts.olderThan(fact)) yield fact;
}

function idOf(facts: FactTable, fact: number): string {
  facts.load(fact, left);
  return idText(left);
}

function compareFacts(facts: FactTable, a: number, b: number): number {
  facts.load(a, left);
  facts.load(b, right);
  return compareIds(left, right);
}
