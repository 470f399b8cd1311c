import { floorOfRatio, remainderOf } from "./exact-division.ts";

/** Amounts below this are split without bigint. */
export const SMALL_AMOUNT = 2 ** 50;

const WEIGHT_TOTAL = 2 ** 52;

/**
 * Splits amounts by one path's weights exactly as `shareOut` does, for amounts below 2^50 and without an allocation: for
 * reports that credit millions of touchpoints. 2^50 units of 10^-12 are some 1,125 of a currency.
 *
 * The weights are those of a model: finite, 0 or more, with a sum near 1.
 *
 * Cost: a third of `shareOut`'s or less; nothing but a copy where one weight takes all.
 */
export class SmallShares {
  #scaled = new Float64Array(64);
  #remainders = new Float64Array(64);
  #length = 0;
  #total = 0;
  /** Of the only weight above 0; −1 where there are several. */
  #only = -1;
  #equal = false;
  /** The shares of the last {@link split}: the first `length` of them mean something. */
  shares = new Float64Array(64);

  /** Takes a path's weights: `weights[0]` … `weights[length - 1]`. */
  take(weights: Float64Array, length: number): void {
    if (length > this.#scaled.length) this.#grow(length);
    let sum = 0;
    for (let i = 0; i < length; i += 1) sum += weights[i] as number;
    // Steps of a power of two lose no bit.
    let scale = WEIGHT_TOTAL;
    while (sum * scale > 1.5 * WEIGHT_TOTAL) scale /= 2;
    while (sum > 0 && sum * scale <= 0.75 * WEIGHT_TOTAL) scale *= 2;
    const scaled = this.#scaled;
    let total = 0;
    let positive = 0;
    let equal = true;
    for (let i = 0; i < length; i += 1) {
      const weight = Math.round((weights[i] as number) * scale);
      scaled[i] = weight;
      total += weight;
      if (weight > 0) {
        positive += 1;
        this.#only = i;
      }
      if (weight !== scaled[0]) equal = false;
    }
    if (positive !== 1) this.#only = -1;
    this.#length = length;
    this.#total = total;
    this.#equal = equal;
  }

  /**
   * Splits an amount into {@link shares}, which sum to it.
   * @param amount whole number of units, 0 or more, below {@link SMALL_AMOUNT}
   */
  split(amount: number): Float64Array {
    const { shares } = this;
    const length = this.#length;
    if (this.#only >= 0 || amount === 0) {
      shares.fill(0, 0, length);
      if (amount > 0) shares[this.#only] = amount;
      return shares;
    }
    if (this.#equal) {
      const share = Math.floor(amount / length);
      const leftover = amount - share * length;
      for (let i = 0; i < length; i += 1) shares[i] = i < leftover ? share + 1 : share;
      return shares;
    }
    this.#byRemainder(amount);
    return shares;
  }

  #byRemainder(amount: number): void {
    const { shares } = this;
    const scaled = this.#scaled;
    const remainders = this.#remainders;
    const length = this.#length;
    const total = this.#total;
    let left = amount;
    for (let i = 0; i < length; i += 1) {
      const weight = scaled[i] as number;
      const share = floorOfRatio(amount, weight, total);
      remainders[i] = remainderOf(amount, weight, share, total);
      shares[i] = share;
      left -= share;
    }
    // One unit each to the largest remainders, ties to the earlier; fewer are left than there are shares.
    for (; left > 0; left -= 1) {
      let largest = 0;
      for (let i = 1; i < length; i += 1) {
        if ((remainders[i] as number) > (remainders[largest] as number)) largest = i;
      }
      shares[largest] = (shares[largest] as number) + 1;
      remainders[largest] = -1;
    }
  }

  #grow(length: number): void {
    const size = 2 ** Math.ceil(Math.log2(length));
    this.#scaled = new Float64Array(size);
    this.#remainders = new Float64Array(size);
    this.shares = new Float64Array(size);
  }
}
