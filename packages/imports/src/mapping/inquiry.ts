/** What a proposal asks and notes on its way. */

/** What must be decided before a file can be imported. */
export interface OpenQuestion {
  /** Names the question, also between two proposals. */
  readonly key: string;
  readonly question: string;
  /** What to choose from; empty where any text will do. */
  readonly choices: readonly string[];
  /** The option of the command that answers it. */
  readonly option: string;
}

/** Collects the questions that no answer was given to, and what was found. */
export class Inquiry {
  readonly open: OpenQuestion[] = [];
  readonly notes: string[] = [];
  readonly #answers: ReadonlyMap<string, string>;

  /** @param answers by the questions' keys */
  constructor(answers: ReadonlyMap<string, string> = new Map()) {
    this.#answers = answers;
  }

  answer(key: string): string | undefined {
    return this.#answers.get(key);
  }

  ask(key: string, question: string, choices: readonly string[], option: string): void {
    this.open.push({ key, question, choices, option });
  }

  note(text: string): void {
    this.notes.push(text);
  }
}
