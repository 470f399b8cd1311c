/** Counts the statements under way. */
export class StatementCount {
  #value = 0;

  get value(): number {
    return this.#value;
  }

  /** Counts a statement until it ends or fails. */
  async during<T>(run: () => Promise<T>): Promise<T> {
    this.#value += 1;
    try {
      return await run();
    } finally {
      this.#value -= 1;
    }
  }
}
