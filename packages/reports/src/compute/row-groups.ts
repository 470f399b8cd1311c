import type { TotalGroup } from "@tributary/warehouse";
import type { FactColumns } from "./fact-columns.ts";
import type { JourneyPaths } from "./journey-paths.ts";

/** Groups conversions by currency and the dimensions asked for. */
export class ConversionGroups {
  readonly #facts: FactColumns;
  readonly #numbers = new Map<number, number>();
  readonly #members: number[] = [];
  readonly #counts: { attributed: number; unattributed: number; value: bigint; lost: bigint }[] =
    [];

  constructor(facts: FactColumns) {
    this.#facts = facts;
  }

  /** The number of a conversion's group. */
  of(purchase: number): number {
    const { currencies, dimensions } = this.#facts.purchases;
    let key = currencies.codes[purchase] as number;
    for (const { codes, names } of dimensions)
      key = key * names.length + (codes[purchase] as number);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#members.length;
      this.#numbers.set(key, number);
      this.#members.push(purchase);
      this.#counts.push({ attributed: 0, unattributed: 0, value: 0n, lost: 0n });
    }
    return number;
  }

  count(group: number, attributed: boolean, value: bigint): void {
    const counts = this.#counts[group];
    if (counts === undefined) return;
    if (attributed) {
      counts.attributed += 1;
      counts.value += value;
    } else {
      counts.unattributed += 1;
      counts.lost += value;
    }
  }

  currency(group: number): string {
    const { codes, names } = this.#facts.purchases.currencies;
    return names[codes[this.#members[group] ?? 0] ?? 0] ?? "";
  }

  texts(group: number): string[] {
    return this.#facts.purchases.dimensions.map(
      ({ codes, names }) => names[codes[this.#members[group] ?? 0] ?? 0] ?? "",
    );
  }

  totals(): TotalGroup[] {
    return this.#counts.flatMap(({ attributed, unattributed, value, lost }, group) => [
      { attributed: true, currency: this.currency(group), conversions: attributed, value },
      { attributed: false, currency: this.currency(group), conversions: unattributed, value: lost },
    ]);
  }
}

/** Numbers the pairs of a conversion's group and a touchpoint's key: each is a row. */
export class TouchGroups {
  readonly #keys: number;
  readonly #numbers = new Map<number, number>();
  readonly #pairs: number[] = [];
  #places = new Int32Array(64);

  /** @param keys of touchpoints; the number itself stands for conversions without one */
  constructor(keys: number) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#pairs.length;
  }

  /** The number of each touchpoint of a path; of an empty path, one number. The array is used again. */
  of(conversion: number, path: JourneyPaths): Int32Array {
    const first = conversion * (this.#keys + 1);
    const { length, keys } = path;
    if (length > this.#places.length) this.#places = new Int32Array(2 * length);
    if (length === 0) this.#places[0] = this.#number(first + this.#keys);
    for (let i = 0; i < length; i += 1) this.#places[i] = this.#number(first + (keys[i] as number));
    return this.#places;
  }

  conversionOf(number: number): number {
    return Math.floor((this.#pairs[number] ?? 0) / (this.#keys + 1));
  }

  /** Undefined for conversions without a touchpoint. */
  keyOf(number: number): number | undefined {
    const key = (this.#pairs[number] ?? 0) % (this.#keys + 1);
    return key === this.#keys ? undefined : key;
  }

  #number(pair: number): number {
    let number = this.#numbers.get(pair);
    if (number === undefined) {
      number = this.#pairs.length;
      this.#numbers.set(pair, number);
      this.#pairs.push(pair);
    }
    return number;
  }
}
