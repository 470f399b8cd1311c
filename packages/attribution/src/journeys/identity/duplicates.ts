/**
 * Events that a person sent under several user keys with one ID: it happened once. That of the user counts, else that of the
 * lowest anonymous ID by its bytes: no order of arrival decides. A conversion that does not count is a duplicate.
 */
import { EventRow, REASON_MERGE, TYPE_CONVERSION } from "@tributary/protocol";
import { idText } from "../results/described-result.ts";
import type { FactTable } from "../tables/fact-table.ts";
import { compareIds } from "../tables/id-order.ts";
import type { PurchaseTable } from "../tables/purchase-table.ts";
import type { UserTable } from "../tables/user-table.ts";
import type { Owners } from "./owners.ts";

export interface DuplicatesParts {
  readonly users: UserTable;
  readonly facts: FactTable;
  readonly purchases: PurchaseTable;
  readonly owners: Owners;
  /** Has a conversion attributed again at the end of the batch. */
  readonly mark: (purchase: number, reason: number) => void;
}

export class Duplicates {
  readonly #parts: DuplicatesParts;
  readonly #row = new EventRow();
  readonly #other = new EventRow();

  constructor(parts: DuplicatesParts) {
    this.#parts = parts;
  }

  /** Whether the person has an event of the conversion's ID that counts in its place. @param owner the person's user */
  has(purchase: number, owner: number): boolean {
    const { facts, purchases, owners } = this.#parts;
    const journey = purchases.users[purchase] as number;
    facts.load(purchases.facts[purchase] as number, this.#row);
    for (const earlier of [owner, ...owners.linkedTo(owner)]) {
      if (earlier === journey) return false;
      if (this.#hasId(earlier)) return true;
    }
    return false;
  }

  /** Marks the conversions that change because a new fact of a journey counts in the place of others with its ID. */
  markBehindFact(fact: number, journey: number): void {
    const { facts, owners } = this.#parts;
    const owner = owners.ownerOf(journey);
    if (owner < 0 || owners.linkedTo(owner).length === 0) return;
    facts.load(fact, this.#row);
    const id = idText(this.#row);
    this.#markBehind(owner, journey, (of) => of === id);
  }

  /** As {@link markBehindFact}, for all facts of a journey that joins or leaves a user's. */
  markBehindJourney(user: number, journey: number): void {
    const { users, facts, owners } = this.#parts;
    if (owners.linkedTo(user).every((other) => other === journey)) return;
    const ids = new Set<string>();
    for (let fact = users.headOf(journey); fact >= 0; fact = facts.olderThan(fact)) {
      facts.load(fact, this.#row);
      ids.add(idText(this.#row));
    }
    this.#markBehind(user, journey, (id) => ids.has(id));
  }

  #markBehind(user: number, journey: number, matches: (id: string) => boolean): void {
    const { users, facts, owners, mark } = this.#parts;
    let changesPaths = false;
    for (const later of owners.linkedTo(user)) {
      if (later === journey || (journey !== user && owners.compare(journey, later) > 0)) continue;
      for (let fact = users.headOf(later); fact >= 0; fact = facts.olderThan(fact)) {
        facts.load(fact, this.#other);
        if (!matches(idText(this.#other))) continue;
        if (facts.typeOf(fact) === TYPE_CONVERSION) mark(facts.referenceOf(fact), REASON_MERGE);
        else changesPaths = true;
      }
    }
    if (changesPaths) for (const of of [user, ...owners.linkedTo(user)]) this.#markAll(of);
  }

  #markAll(journey: number): void {
    const { users, facts, mark } = this.#parts;
    for (let fact = users.headOf(journey); fact >= 0; fact = facts.olderThan(fact)) {
      if (facts.typeOf(fact) === TYPE_CONVERSION) mark(facts.referenceOf(fact), REASON_MERGE);
    }
  }

  /** Whether a journey has a fact with the ID of {@link #row}. */
  #hasId(journey: number): boolean {
    const { users, facts } = this.#parts;
    for (let fact = users.headOf(journey); fact >= 0; fact = facts.olderThan(fact)) {
      facts.load(fact, this.#other);
      if (compareIds(this.#row, this.#other) === 0) return true;
    }
    return false;
  }
}
