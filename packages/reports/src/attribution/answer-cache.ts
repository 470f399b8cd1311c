import { LRUCache } from "lru-cache";

/** Bounds of {@link AnswerCache}. */
export interface AnswerCacheOptions {
  /** 0 keeps none. */
  readonly maxAnswers: number;
  /** Of all answers' JSON, bytes of UTF-16; 0 keeps none. */
  readonly maxBytes: number;
}

interface Kept<T> {
  readonly dataVersion: string;
  readonly answer: T;
}

/** Keeps answers until more is loaded, within bounds: the least recently asked go first. */
export class AnswerCache<T> {
  readonly #kept: LRUCache<string, Kept<T>> | undefined;

  constructor({ maxAnswers, maxBytes }: AnswerCacheOptions) {
    // The library takes a bound of 0 for none.
    if (maxAnswers === 0 || maxBytes === 0) return;
    this.#kept = new LRUCache({ max: maxAnswers, maxSize: maxBytes });
  }

  /** The answer to a question over one version of the warehouse's data. */
  find(key: string, dataVersion: string): T | undefined {
    const kept = this.#kept?.get(key);
    if (kept === undefined || kept.dataVersion === dataVersion) return kept?.answer;
    this.#kept?.delete(key);
    return undefined;
  }

  keep(key: string, dataVersion: string, answer: T): void {
    if (this.#kept === undefined) return;
    const size = 2 * (JSON.stringify(answer).length + key.length);
    this.#kept.set(key, { dataVersion, answer }, { size });
  }
}
