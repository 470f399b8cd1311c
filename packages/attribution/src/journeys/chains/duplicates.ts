/**
 * Events that a person sent under several user keys with one ID: it happened once. That of the user counts, else that of the
 * lowest anonymous ID by its bytes: no order of arrival decides. A conversion that does not count is a duplicate. One that is a
 * duplicate order counts in no other's place.
 */
import { EventRow, REASON_MERGE, TYPE_CONVERSION } from "@tributary/protocol";
import { compareIds, idText } from "../tables/id-order.ts";
import type { JourneyTables } from "./journey-tables.ts";
import type { Marks } from "./marks.ts";
import type { Persons } from "./persons.ts";
import { factsOf } from "./walk.ts";

/** Finds and marks them. */
export class Duplicates {
  readonly #tables: JourneyTables;
  readonly #persons: Persons;
  readonly #marks: Marks;
  readonly #row = new EventRow();
  readonly #other = new EventRow();

  constructor(tables: JourneyTables, persons: Persons, marks: Marks) {
    this.#tables = tables;
    this.#persons = persons;
    this.#marks = marks;
  }

  /** Whether the journey has an event of the conversion's ID that counts in its place. @param person chain of its user */
  has(purchase: number, person: number): boolean {
    const { facts, purchases } = this.#tables;
    const chain = purchases.users[purchase] as number;
    facts.load(purchases.facts[purchase] as number, this.#row);
    for (const earlier of [person, ...this.#persons.linkedTo(person)]) {
      if (earlier === chain) return false;
      if (this.#hasId(earlier)) return true;
    }
    return false;
  }

  /** Marks the conversions that change because a new fact of a chain counts in the place of others with its ID. */
  markBehindFact(fact: number, chain: number): void {
    const person = this.#persons.personOf(chain);
    if (person < 0 || this.#persons.linkedTo(person).length === 0) return;
    this.#tables.facts.load(fact, this.#row);
    const id = idText(this.#row);
    this.#markBehind(person, chain, (of) => of === id);
  }

  /** As {@link markBehindFact}, for all facts of a chain that joins or leaves a user's journey. */
  markBehindChain(user: number, chain: number): void {
    if (this.#persons.linkedTo(user).every((other) => other === chain)) return;
    const ids = new Set<string>();
    for (const fact of factsOf(this.#tables, chain)) {
      this.#tables.facts.load(fact, this.#row);
      ids.add(idText(this.#row));
    }
    this.#markBehind(user, chain, (id) => ids.has(id));
  }

  #markBehind(user: number, chain: number, matches: (id: string) => boolean): void {
    const { facts } = this.#tables;
    const persons = this.#persons;
    let changesPaths = false;
    for (const later of persons.linkedTo(user)) {
      if (later === chain || (chain !== user && persons.compare(chain, later) > 0)) continue;
      for (const fact of factsOf(this.#tables, later)) {
        facts.load(fact, this.#other);
        if (!matches(idText(this.#other))) continue;
        if (facts.typeOf(fact) === TYPE_CONVERSION) {
          this.#marks.mark(facts.referenceOf(fact), REASON_MERGE);
        } else changesPaths = true;
      }
    }
    if (!changesPaths) return;
    for (const member of [user, ...persons.linkedTo(user)]) this.#markAll(member);
  }

  #markAll(chain: number): void {
    const { facts } = this.#tables;
    for (const fact of factsOf(this.#tables, chain)) {
      if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
      this.#marks.mark(facts.referenceOf(fact), REASON_MERGE);
    }
  }

  /** Whether a fact is a conversion in the place of which another one of its order counts. */
  #isLost(fact: number): boolean {
    const { facts, purchases } = this.#tables;
    if (facts.typeOf(fact) !== TYPE_CONVERSION) return false;
    return purchases.lost[facts.referenceOf(fact)] === 1;
  }

  /** Whether a chain has a fact with the ID of {@link #row}, which counts. */
  #hasId(chain: number): boolean {
    for (const fact of factsOf(this.#tables, chain)) {
      this.#tables.facts.load(fact, this.#other);
      if (compareIds(this.#row, this.#other) === 0) return !this.#isLost(fact);
    }
    return false;
  }
}
