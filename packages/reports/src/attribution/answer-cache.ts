/** Bounds of {@link AnswerCache}. */
export interface AnswerCacheOptions {
  readonly maxAnswers: number;
  /** Of all answers' JSON, bytes of UTF-16. */
  readonly maxBytes: number;
}

interface Kept<T> {
  readonly revision: string;
  readonly answer: T;
  readonly bytes: number;
}

/** Keeps answers for as long as nothing was loaded since; bounded, those asked for longest ago go first. */
export class AnswerCache<T> {
  readonly #options: AnswerCacheOptions;
  readonly #kept = new Map<string, Kept<T>>();
  #bytes = 0;

  constructor(options: AnswerCacheOptions) {
    this.#options = options;
  }

  /** The answer to a question over one revision of the warehouse. */
  find(key: string, revision: string): T | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    this.#remove(key, kept);
    if (kept.revision !== revision) return undefined;
    this.#add(key, kept);
    return kept.answer;
  }

  keep(key: string, revision: string, answer: T): void {
    const bytes = 2 * (JSON.stringify(answer).length + key.length);
    const { maxAnswers, maxBytes } = this.#options;
    if (bytes > maxBytes || maxAnswers === 0) return;
    const known = this.#kept.get(key);
    if (known !== undefined) this.#remove(key, known);
    this.#add(key, { revision, answer, bytes });
    for (const [oldest, kept] of this.#kept) {
      if (this.#kept.size <= maxAnswers && this.#bytes <= maxBytes) return;
      this.#remove(oldest, kept);
    }
  }

  #add(key: string, kept: Kept<T>): void {
    this.#kept.set(key, kept);
    this.#bytes += kept.bytes;
  }

  #remove(key: string, kept: Kept<T>): void {
    this.#kept.delete(key);
    this.#bytes -= kept.bytes;
  }
}
