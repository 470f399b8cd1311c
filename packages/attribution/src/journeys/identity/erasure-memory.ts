import { Buffer } from "node:buffer";

/** The erasure that an anonymous ID was last forgotten by. */
export interface LastErasure {
  /** The user whose erasure it was a part of; −1 where it was asked for by the anonymous ID itself. */
  readonly user: number;
  /** That user's version. */
  readonly version: number;
}

/** Memory of an erasure, bytes: an estimate, for accounting. */
const ERASURE_BYTES = 200;

/** The erasures of a partition's keys: with it, neither a message that comes twice nor an overtaken one undoes or repeats one. */
export class ErasureMemory {
  /** Receipts of the erasures done, by the chain of their key. */
  readonly #receipts = new Map<number, Set<string>>();
  readonly #last = new Map<number, LastErasure>();
  /** By anonymous ID: the generation below which links and the copies behind them are void. */
  readonly #validFrom = new Map<number, number>();
  /** By anonymous ID: partitions of its former users, which hold copies of its facts. */
  readonly #formerHomes = new Map<number, Set<number>>();
  #size = 0;

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.#size * ERASURE_BYTES;
  }

  isDone(chain: number, receipt: Uint8Array): boolean {
    return this.#receipts.get(chain)?.has(nameOf(receipt)) === true;
  }

  setDone(chain: number, receipt: Uint8Array): void {
    const receipts = this.#receipts.get(chain) ?? new Set();
    this.#receipts.set(chain, receipts.add(nameOf(receipt)));
    this.#size += 1;
  }

  lastOf(chain: number): LastErasure | undefined {
    return this.#last.get(chain);
  }

  setLast(chain: number, erasure: LastErasure): void {
    this.#last.set(chain, erasure);
  }

  /** The generation from which links of an anonymous ID are valid; undefined where it was never erased. */
  validFrom(chain: number): number | undefined {
    return this.#validFrom.get(chain);
  }

  setValidFrom(chain: number, generation: number): void {
    this.#validFrom.set(chain, generation);
  }

  /** An anonymous ID's own partition erased it: the same for its copies here. */
  setCopiesErased(chain: number, generation: number): void {
    this.setValidFrom(chain, generation);
    this.#size += 1;
  }

  formerHomesOf(chain: number): ReadonlySet<number> {
    return this.#formerHomes.get(chain) ?? new Set();
  }

  addFormerHome(chain: number, home: number): void {
    const homes = this.#formerHomes.get(chain);
    if (homes === undefined) this.#formerHomes.set(chain, new Set([home]));
    else homes.add(home);
  }

  clearFormerHomes(chain: number): void {
    this.#formerHomes.delete(chain);
  }
}

function nameOf(receipt: Uint8Array): string {
  return Buffer.from(receipt).toString("latin1");
}
