import type { Path } from "../../models/path.ts";

/** A conversion's touchpoints in path order, in arrays that are kept from one conversion to the next. */
export class PathBuffer implements Path {
  length = 0;
  ageMs = new Float64Array(64);
  isDirect = new Uint8Array(64);
  /** Numbers of the facts. */
  facts = new Int32Array(64);
  /** Room for the weights of every model. */
  weights: Float64Array;
  readonly #models: number;

  constructor(models: number) {
    this.#models = models;
    this.weights = new Float64Array(64 * models);
  }

  clear(): void {
    this.length = 0;
  }

  push(fact: number, ageMs: number, direct: boolean): void {
    const index = this.length;
    if (index === this.facts.length) this.#grow();
    this.facts[index] = fact;
    this.ageMs[index] = ageMs;
    this.isDirect[index] = direct ? 1 : 0;
    this.length = index + 1;
  }

  /** Moves a touchpoint to a place before it. */
  move(from: number, to: number): void {
    if (from === to) return;
    this.facts[to] = this.facts[from] as number;
    this.ageMs[to] = this.ageMs[from] as number;
    this.isDirect[to] = this.isDirect[from] as number;
  }

  /** Turns newest first into oldest first. */
  reverse(): void {
    const { facts, ageMs, isDirect } = this;
    for (let i = 0, j = this.length - 1; i < j; i += 1, j -= 1) {
      const fact = facts[i] as number;
      facts[i] = facts[j] as number;
      facts[j] = fact;
      const age = ageMs[i] as number;
      ageMs[i] = ageMs[j] as number;
      ageMs[j] = age;
      const direct = isDirect[i] as number;
      isDirect[i] = isDirect[j] as number;
      isDirect[j] = direct;
    }
  }

  #grow(): void {
    const size = this.facts.length * 2;
    const facts = new Int32Array(size);
    facts.set(this.facts);
    this.facts = facts;
    const ageMs = new Float64Array(size);
    ageMs.set(this.ageMs);
    this.ageMs = ageMs;
    const isDirect = new Uint8Array(size);
    isDirect.set(this.isDirect);
    this.isDirect = isDirect;
    this.weights = new Float64Array(size * this.#models);
  }
}
