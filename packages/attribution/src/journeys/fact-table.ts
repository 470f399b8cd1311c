import {
  CHANNEL_DIMENSION,
  FLAG_ID_UUID,
  FLAG_TYPE_MASK,
  type EventRow,
} from "@tributary/protocol";
import { DimensionTuples } from "./dimension-tuples.ts";
import { ID_LONG, IdColumn } from "./id-column.ts";

const INITIAL_FACTS = 1024;

/**
 * The facts of a partition as columns: time, kind, ID, dimensions, and the next older fact of the same user.
 * About 33 bytes a fact, whatever the length of its strings.
 */
export class FactTable {
  times = new Float64Array(INITIAL_FACTS);
  /** The next older fact of the same user, −1 for none. */
  older = new Int32Array(INITIAL_FACTS);
  /** Type code in the low bits, ID_LONG and FLAG_ID_UUID above. */
  kinds = new Uint8Array(INITIAL_FACTS);
  /** Combination of dimensions, or for conversions and refunds their place in the purchase table. */
  references = new Int32Array(INITIAL_FACTS);
  readonly ids = new IdColumn();
  readonly tuples = new DimensionTuples();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Bytes held, for accounting. */
  get byteLength(): number {
    return this.times.length * 17 + this.ids.byteLength + this.tuples.byteLength;
  }

  /** Appends a fact whose ID is staged in {@link ids}. It is in no user's chain yet. @returns its number */
  append(time: number, kind: number, reference: number): number {
    const fact = this.#size;
    if (fact === this.times.length) this.#grow();
    this.times[fact] = time;
    this.kinds[fact] = kind;
    this.references[fact] = reference;
    this.older[fact] = -1;
    this.ids.store(fact);
    this.#size = fact + 1;
    return fact;
  }

  /** Type code of a fact. */
  typeOf(fact: number): number {
    return (this.kinds[fact] as number) & FLAG_TYPE_MASK;
  }

  /** Dictionary code of a touchpoint's channel. */
  channelOf(fact: number): number {
    return this.tuples.code(this.references[fact] as number, CHANNEL_DIMENSION);
  }

  /** Fills a row with a fact's time, type and ID (not its user, nor its dimensions). */
  load(fact: number, row: EventRow): void {
    const kind = this.kinds[fact] as number;
    row.flags = kind & (FLAG_TYPE_MASK | FLAG_ID_UUID);
    row.time = this.times[fact] as number;
    this.ids.load(fact, kind, row);
    row.rareLength = 0;
  }

  /** Fills a row with a touchpoint's dimensions. */
  loadDimensions(fact: number, row: EventRow): void {
    this.tuples.load(this.references[fact] as number, row);
  }

  /** Whether a fact's ID is the staged one. */
  idMatches(fact: number): boolean {
    return this.ids.matches(fact, this.kinds[fact] as number);
  }

  #grow(): void {
    const size = this.times.length * 2;
    const times = new Float64Array(size);
    times.set(this.times);
    this.times = times;
    const older = new Int32Array(size);
    older.set(this.older);
    this.older = older;
    const kinds = new Uint8Array(size);
    kinds.set(this.kinds);
    this.kinds = kinds;
    const references = new Int32Array(size);
    references.set(this.references);
    this.references = references;
  }
}

/** The kind byte of a row whose ID was staged as `idKind`. */
export function kindOf(row: EventRow, idKind: number): number {
  return (row.flags & FLAG_TYPE_MASK) | (idKind & (FLAG_ID_UUID | ID_LONG));
}
