import { isTouchpointType, REASON_MERGE, TYPE_CONVERSION, TYPE_REFUND } from "@tributary/protocol";
import type { Duplicates } from "../chains/duplicates.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import type { Marks } from "../chains/marks.ts";
import type { Persons } from "../chains/persons.ts";
import { factsOf } from "../chains/walk.ts";

/** Marks the conversions that a chain changes when it joins a journey or leaves it. */
export class AffectedConversions {
  readonly #tables: JourneyTables;
  readonly #persons: Persons;
  readonly #marks: Marks;
  readonly #duplicates: Duplicates;

  constructor(tables: JourneyTables, persons: Persons, marks: Marks, duplicates: Duplicates) {
    this.#tables = tables;
    this.#persons = persons;
    this.#marks = marks;
    this.#duplicates = duplicates;
  }

  /** Marks a chain's own conversions. */
  markOwn(chain: number): void {
    const { facts } = this.#tables;
    for (const fact of factsOf(this.#tables, chain)) {
      if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
      this.#marks.mark(facts.referenceOf(fact), REASON_MERGE);
    }
  }

  /** Marks the other conversions of a user's journey whose path, value or place a chain changes. @param user −1 for none */
  markOthers(user: number, chain: number): void {
    if (user < 0) return;
    this.#duplicates.markBehindChain(user, chain);
    const { facts, purchases, users } = this.#tables;
    const own = [...factsOf(this.#tables, chain)];
    const touches = own.filter((fact) => isTouchpointType(facts.typeOf(fact)));
    const orders = new Set(
      own
        .filter((fact) => facts.typeOf(fact) === TYPE_REFUND)
        .map((fact) => purchases.fields(facts.referenceOf(fact)).orderId),
    );
    if (touches.length + orders.size === 0) return;
    const tenant = users.tenantOf(user);
    for (const member of [user, ...this.#persons.linkedTo(user)]) {
      if (member === chain) continue;
      for (const fact of factsOf(this.#tables, member)) {
        if (facts.typeOf(fact) !== TYPE_CONVERSION) continue;
        const purchase = facts.referenceOf(fact);
        const time = facts.timeOf(fact);
        if (
          touches.some((touch) => this.#isOnPath(touch, time, tenant)) ||
          (orders.size > 0 && orders.has(purchases.fields(purchase).orderId))
        ) {
          this.#marks.mark(purchase, REASON_MERGE);
        }
      }
    }
  }

  /** Whether a conversion of that time has the touchpoint on its path. */
  #isOnPath(touch: number, time: number, tenant: number): boolean {
    const { facts, windows } = this.#tables;
    const age = time - facts.timeOf(touch);
    return age >= 0 && age <= windows.of(tenant, facts.typeOf(touch));
  }
}
