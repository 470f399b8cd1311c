import { CHANNEL_DIMENSION, type RowDictionaries } from "@tributary/protocol";
import { SIGNATURE_KEYS, signatureText } from "../../arrivals/origin.ts";
import { textKey } from "../../arrivals/text-key.ts";
import type { DimensionTuples } from "../tables/dimension-tuples.ts";

/** The signature that each combination of dimensions gives a click or visit: read once, for few combinations stand for many. */
export class TupleSignatures {
  readonly #dictionaries: RowDictionaries;
  readonly #tuples: DimensionTuples;
  /** By combination; 0 where it was not read yet. */
  #keys = new Float64Array(256);

  constructor(dictionaries: RowDictionaries, tuples: DimensionTuples) {
    this.#dictionaries = dictionaries;
    this.#tuples = tuples;
  }

  /** Number of the signature, without a referrer's host. */
  of(tuple: number): number {
    if (tuple >= this.#keys.length) this.#grow(tuple);
    const known = this.#keys[tuple] as number;
    if (known !== 0) return known;
    const text = signatureText(
      this.#text(tuple, CHANNEL_DIMENSION),
      this.#text(tuple, 0),
      this.#text(tuple, 1),
      this.#text(tuple, 2),
      "",
    );
    const key = textKey(text, SIGNATURE_KEYS);
    this.#keys[tuple] = key;
    return key;
  }

  #text(tuple: number, dimension: number): string {
    const code = this.#tuples.code(tuple, dimension);
    return code === 0 ? "" : (this.#dictionaries.dimensions[dimension]?.text(code) ?? "");
  }

  #grow(tuple: number): void {
    const keys = new Float64Array(Math.max(this.#keys.length * 2, tuple + 1));
    keys.set(this.#keys);
    this.#keys = keys;
  }
}
