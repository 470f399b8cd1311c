import { TYPE_CONVERSION, TYPE_REFUND } from "@tributary/protocol";
import type { ErasedChains } from "../chains/erased-chains.ts";
import type { JourneyTables } from "../chains/journey-tables.ts";
import { factsOf } from "../chains/walk.ts";

/** Cuts off the chains of erased keys, and counts their facts. */
export class Forgetting {
  readonly #tables: JourneyTables;
  readonly #erased: ErasedChains;
  #chains = 0;
  #facts = new Map<number, number>();

  constructor(tables: JourneyTables, erased: ErasedChains) {
    this.#tables = tables;
    this.#erased = erased;
  }

  /** Keys of this partition that the batch erased, whether it held facts of them or not. */
  get chains(): number {
    return this.#chains;
  }

  /** Facts of this partition that the batch erased, by the code of their tenant; copies are not counted. */
  get facts(): ReadonlyMap<number, number> {
    return this.#facts;
  }

  /** Begins a batch. */
  begin(): void {
    this.#chains = 0;
    if (this.#facts.size > 0) this.#facts = new Map();
  }

  /** Forgets a chain whose home is here. As long as the log holds its facts, their event IDs still show duplicates. */
  forgetOwn(chain: number): void {
    this.#chains += 1;
    const head = this.#tables.users.headOf(chain);
    if (head < 0) return;
    const tenant = this.#tables.users.tenantOf(chain);
    const facts = this.#cutOff(chain);
    this.#facts.set(tenant, (this.#facts.get(tenant) ?? 0) + facts);
    this.#erased.add(chain, head);
  }

  /** Forgets a copied chain. Its event IDs are forgotten as well: the copies may come again, and then count. */
  forgetCopy(chain: number): void {
    if (this.#tables.users.headOf(chain) >= 0) this.#cutOff(chain);
  }

  /** @returns how many facts it had */
  #cutOff(chain: number): number {
    const { users, facts, purchases } = this.#tables;
    let count = 0;
    for (const fact of factsOf(this.#tables, chain)) {
      const type = facts.typeOf(fact);
      if (type === TYPE_CONVERSION || type === TYPE_REFUND) {
        purchases.users[facts.referenceOf(fact)] = -1;
      }
      count += 1;
    }
    users.clear(chain);
    return count;
  }
}
