const LIMB = 2 ** 52;
const LIMB_BITS = 52n;

/** Sums of whole numbers beyond 2^53, exact, by an index that grows: a float64 for the low part of each, one for the high. */
export class ExactSums {
  #low = new Float64Array(256);
  #high = new Float64Array(256);

  /** @param amount 0 or more, below 2^52 */
  add(index: number, amount: number): void {
    if (index >= this.#low.length) this.#grow(index);
    const sum = (this.#low[index] as number) + amount;
    if (sum < LIMB) {
      this.#low[index] = sum;
    } else {
      this.#low[index] = sum - LIMB;
      this.#high[index] = (this.#high[index] as number) + 1;
    }
  }

  /** @param amount 0 or more, of any size */
  addLarge(index: number, amount: bigint): void {
    this.add(index, Number(BigInt.asUintN(Number(LIMB_BITS), amount)));
    const high = Number(amount >> LIMB_BITS);
    this.#high[index] = (this.#high[index] as number) + high;
  }

  total(index: number): bigint {
    if (index >= this.#low.length) return 0n;
    return (BigInt(this.#high[index] as number) << LIMB_BITS) + BigInt(this.#low[index] as number);
  }

  #grow(index: number): void {
    const size = 2 ** Math.ceil(Math.log2(index + 1));
    const low = new Float64Array(size);
    low.set(this.#low);
    this.#low = low;
    const high = new Float64Array(size);
    high.set(this.#high);
    this.#high = high;
  }
}
