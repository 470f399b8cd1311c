/** Exact sums of money in several currencies. */
import { MONEY_UNIT } from "@tributary/protocol";
import type { RateRow } from "@tributary/warehouse";
import { ReportsError } from "../errors.ts";

const RATIO_DIGITS = 12;
const RATIO_UNIT = 10n ** BigInt(RATIO_DIGITS);

/** A rate that is needed: the worth of a currency on a day. */
interface MissingRate {
  readonly currency: string;
  readonly day: string;
}

/** Converts amounts to one currency by the rate of their day, the newest that is not later. */
export class Converter {
  readonly #target: string | undefined;
  readonly #rates: ReadonlyMap<string, readonly RateRow[]>;
  /** Of each currency, the first day without a rate. */
  readonly #missing = new Map<string, MissingRate>();

  /** @param target undefined leaves each currency as it is @param rates to the target, the oldest first */
  constructor(target: string | undefined, rates: readonly RateRow[]) {
    this.#target = target;
    this.#rates = Map.groupBy(rates, (rate) => rate.currency);
  }

  /** @param amount in units of 10^-12 @returns in units of 10^-24: a product needs no rounding; 0 where the rate is missing */
  convert(amount: bigint, currency: string, day: string): bigint {
    if (this.#target === undefined || currency === this.#target) return amount * MONEY_UNIT;
    if (amount === 0n) return 0n;
    const rate = this.#rates.get(currency)?.findLast((one) => one.day <= day);
    if (rate !== undefined) return amount * rate.rate;
    const known = this.#missing.get(currency);
    if (known === undefined || day < known.day) this.#missing.set(currency, { currency, day });
    return 0n;
  }

  /** @throws ReportsError `rate_missing` that names each currency and its first day without a rate */
  requireAll(): void {
    const target = this.#target;
    if (target === undefined || this.#missing.size === 0) return;
    const missing = [...this.#missing.values()]
      .toSorted((a, b) => compare(a.day, b.day) || compare(a.currency, b.currency))
      .map(({ currency, day }) => `of ${currency} in ${target} for ${day} or before`);
    throw new ReportsError(
      "rate_missing",
      `there is no rate ${missing.join(", nor ")}: import it with \`tributary rates import\`, or to /v1/rates, or ask without currency`,
      { field: "currency", given: target },
    );
  }
}

/**
 * Rounds units of 10^-24 to units of 10^-12 whose sum is the rounded sum (largest remainder method), so that a column adds
 * up.
 */
export function rounded(amounts: readonly bigint[]): bigint[] {
  const exact = amounts.reduce((sum, amount) => sum + amount, 0n);
  const cut = amounts.map((amount) => amount / MONEY_UNIT);
  let left = (exact + MONEY_UNIT / 2n) / MONEY_UNIT - cut.reduce((sum, amount) => sum + amount, 0n);
  const byRemainder = amounts
    .map((amount, i) => ({ i, remainder: amount % MONEY_UNIT }))
    .toSorted((a, b) => compare(b.remainder, a.remainder));
  for (const { i } of byRemainder) {
    if (left <= 0n) break;
    cut[i] = (cut[i] ?? 0n) + 1n;
    left -= 1n;
  }
  return cut;
}

/** A quotient of amounts to twelve digits after the point, rounded half up; null where there is nothing to divide by. */
export function ratio(of: bigint, by: bigint): number | null {
  if (by === 0n) return null;
  const units = ((2n * of * RATIO_UNIT) / by + 1n) / 2n;
  const text = units.toString().padStart(RATIO_DIGITS + 1, "0");
  return Number(`${text.slice(0, -RATIO_DIGITS)}.${text.slice(-RATIO_DIGITS)}`);
}

export function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
