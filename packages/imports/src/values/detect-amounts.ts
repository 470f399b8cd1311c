import { parseAmount, type DecimalMark } from "./amount.ts";

const MAX_EXAMPLES = 3;

/** How the amounts of a column are written. */
export interface DetectedAmounts {
  /** The decimal mark of all that show one; undefined where none does, or both are in use. */
  readonly mark: DecimalMark | undefined;
  /** What was found and why, for people; empty where nothing needs to be said. */
  readonly said: string;
  /** Amounts that only a decimal mark would decide; undefined where none is open. */
  readonly open:
    | { readonly examples: readonly string[]; readonly count: number; readonly reason: string }
    | undefined;
  /** Currencies beside the numbers as they are written, and how often. */
  readonly currencies: ReadonlyMap<string, number>;
  /** Amounts below 0. */
  readonly negative: number;
  readonly read: number;
  readonly unread: { readonly count: number; readonly examples: readonly string[] };
}

/** Currencies that are told apart; more are no currencies. */
const MAX_CURRENCIES = 50;

/**
 * The decimal mark of a column by the evidence of all samples together. Where both marks occur, each amount that shows
 * its own is read by it, and an ambiguous one is open.
 * @param samples the column's cells; empty ones are skipped
 * @param hint the mark of the file's other columns, or that was chosen, where the column itself shows none
 */
export function detectAmounts(samples: Iterable<string>, hint?: DecimalMark): DetectedAmounts {
  const evidence = new AmountEvidence();
  for (const sample of samples) evidence.add(sample);
  return evidence.decide(hint);
}

/** What the cells of a column say about the form of its amounts; takes them one after the other. */
export class AmountEvidence {
  readonly #marks = new Map<DecimalMark, string>();
  readonly #currencies = new Map<string, number>();
  readonly #ambiguous = { count: 0, examples: [] as string[] };
  readonly #unread = { count: 0, examples: [] as string[] };
  #read = 0;
  #negative = 0;

  add(sample: string): void {
    const text = sample.trim();
    if (text === "") return;
    const parsed = parseAmount(text);
    if (parsed === undefined) {
      see(this.#unread, text);
      return;
    }
    this.#read += 1;
    const { currency } = parsed;
    if (
      currency !== undefined &&
      (this.#currencies.size < MAX_CURRENCIES || this.#currencies.has(currency))
    ) {
      this.#currencies.set(currency, (this.#currencies.get(currency) ?? 0) + 1);
    }
    if (parsed.kind === "ambiguous") {
      see(this.#ambiguous, text);
      if (parsed.readings["."].startsWith("-")) this.#negative += 1;
      return;
    }
    if (parsed.amount.startsWith("-")) this.#negative += 1;
    if (parsed.mark !== undefined && !this.#marks.has(parsed.mark))
      this.#marks.set(parsed.mark, text);
  }

  decide(hint?: DecimalMark): DetectedAmounts {
    const point = this.#marks.get(".");
    const comma = this.#marks.get(",");
    const common = {
      currencies: this.#currencies,
      negative: this.#negative,
      read: this.#read,
      unread: this.#unread,
    };
    const open = (reason: string): DetectedAmounts["open"] =>
      this.#ambiguous.count === 0 ? undefined : { ...this.#ambiguous, reason };
    if (point !== undefined && comma !== undefined) {
      const said = `decimal points as in "${point}" and decimal commas as in "${comma}"`;
      return { ...common, mark: undefined, said, open: open(said) };
    }
    if (point !== undefined) {
      return { ...common, mark: ".", said: `decimal points as in "${point}"`, open: undefined };
    }
    if (comma !== undefined) {
      return { ...common, mark: ",", said: `decimal commas as in "${comma}"`, open: undefined };
    }
    if (hint !== undefined) return { ...common, mark: hint, said: "", open: undefined };
    const example = this.#ambiguous.examples[0] ?? "";
    const reason = `"${example}" may be thousands or a fraction of three digits`;
    return { ...common, mark: undefined, said: "", open: open(reason) };
  }
}

function see(seen: { count: number; examples: string[] }, text: string): void {
  seen.count += 1;
  if (seen.examples.length < MAX_EXAMPLES) seen.examples.push(text.slice(0, 64));
}
