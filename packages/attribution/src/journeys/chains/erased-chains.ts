import type { FactTable } from "../tables/fact-table.ts";

/** The chains that erasures cut off: as long as the log holds their facts, their event IDs still show duplicates. */
export class ErasedChains {
  readonly #facts: FactTable;
  /** Newest fact of each, by the number of the user key. */
  readonly #heads = new Map<number, number[]>();

  constructor(facts: FactTable) {
    this.#facts = facts;
  }

  /** @param head newest fact of the chain */
  add(chain: number, head: number): void {
    const heads = this.#heads.get(chain);
    if (heads === undefined) this.#heads.set(chain, [head]);
    else heads.push(head);
  }

  /** Whether an erased fact of the user key had a staged ID. */
  hadId(chain: number, staged: number): boolean {
    if (this.#heads.size === 0) return false;
    for (const head of this.#heads.get(chain) ?? []) {
      for (let fact = head; fact >= 0; fact = this.#facts.olderThan(fact)) {
        if (this.#facts.idMatches(fact, staged)) return true;
      }
    }
    return false;
  }
}
