import { type IdentityRules, ownersOf } from "./identity.ts";
import type { PlainEvent } from "./results.ts";

/** Somebody asks that a person is erased, by one of their IDs. */
export interface PlainErasure {
  readonly erase: { readonly userId: string } | { readonly anonymousId: string };
}

/**
 * What is left of a history: at each erasure all events of the person until then go, by whichever of their IDs they came, and
 * what is sent again of them later does not count either; docs/erasure.md has the rules.
 * @param history events and erasures in their order @param rules of identity resolution
 */
export function remainingEvents(
  history: readonly (PlainEvent | PlainErasure)[],
  rules: IdentityRules | undefined,
): readonly PlainEvent[] {
  let left: PlainEvent[] = [];
  const erased = new Set<string>();
  for (const step of history) {
    if (!("erase" in step)) {
      if (!erased.has(nameOf(step))) left.push(step);
      continue;
    }
    const ownerOf = ownersOf(left, rules);
    const person = ownerOf({ time: 0, ...step.erase });
    for (const event of left) if (ownerOf(event) === person) erased.add(nameOf(event));
    left = left.filter((event) => !erased.has(nameOf(event)));
  }
  return left;
}

/** An event counts once for the ID that it came by. */
function nameOf({ userId, anonymousId = "", id }: PlainEvent): string {
  return JSON.stringify([userId === undefined, userId ?? anonymousId, id]);
}
