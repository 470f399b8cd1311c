/** A look at a file: what each column holds, and the first rows. */
import { AmountEvidence } from "../values/detect-amounts.ts";
import { TimeEvidence } from "../values/detect-times.ts";
import { isNothing } from "../values/nothing.ts";
import { headerDigest, REJECT_COLUMNS } from "./mapping.ts";
import { plainValue } from "./names.ts";

/** A row of a file. */
export interface Row {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
  /** Why the row cannot be read: its cells are then what could be made of it. */
  readonly problem: string | undefined;
}

/** What a look needs of a file. */
export interface RowSource {
  /** Each name once. */
  readonly columns: readonly string[];
  /** The rows, some thousands at a time; each call begins anew. */
  readonly rows: () => AsyncIterable<readonly Row[]>;
}

/** Rows that are looked at, by default. */
const LOOKED_AT_ROWS = 10_000;
const FIRST_ROWS = 10;
const MAX_EXAMPLES = 3;
/** More different values than this are no list of words. */
const MAX_WORDS = 60;
const MAX_WORD_CHARACTERS = 64;
/** After so many cells that are none, a column holds no times, or no amounts. */
const PATIENCE = 100;

/** What a column holds, as far as it was looked at. */
export class ColumnLook {
  readonly name: string;
  readonly times = new TimeEvidence();
  readonly amounts = new AmountEvidence();
  /** Cells with something in them. */
  filled = 0;
  readonly examples: string[] = [];
  /** Its different values in lower case, and how often; undefined where there are too many for a list of words. */
  words: Map<string, number> | undefined = new Map();
  #mayHoldTimes = true;
  #mayHoldAmounts = true;

  constructor(name: string) {
    this.name = name;
  }

  add(cell: string): void {
    const text = cell.trim();
    if (isNothing(text)) return;
    this.filled += 1;
    if (this.examples.length < MAX_EXAMPLES && !this.examples.includes(text)) {
      this.examples.push(text.slice(0, MAX_WORD_CHARACTERS));
    }
    this.#addWord(text);
    if (this.#mayHoldTimes) this.times.add(text);
    if (this.#mayHoldAmounts) this.amounts.add(text);
    if (this.filled !== PATIENCE) return;
    this.#mayHoldTimes = this.times.decide("UTC").read > 0;
    this.#mayHoldAmounts = this.amounts.decide().read > 0;
  }

  /** Whether nearly all of its cells are times. */
  get holdsTimes(): boolean {
    return this.filled > 0 && this.times.decide("UTC").read >= this.filled * 0.9;
  }

  #addWord(text: string): void {
    if (this.words === undefined) return;
    const word = plainValue(text);
    const isNew = !this.words.has(word);
    if (text.length > MAX_WORD_CHARACTERS || (isNew && this.words.size >= MAX_WORDS)) {
      this.words = undefined;
      return;
    }
    this.words.set(word, (this.words.get(word) ?? 0) + 1);
  }
}

/** What was seen of a file. */
export interface Look {
  /** Its columns, each name once, without those of a reject file. */
  readonly columns: readonly ColumnLook[];
  /** Names of all columns, in their order. */
  readonly names: readonly string[];
  readonly first: readonly Row[];
  readonly rows: number;
  /** Whether the file has no more rows. */
  readonly whole: boolean;
  /** See {@link headerDigest}. */
  readonly header: string;
}

/** Looks at the first rows of a file. Cost: some 5 µs a cell. */
export async function lookAt(source: RowSource, maxRows = LOOKED_AT_ROWS): Promise<Look> {
  const columns = source.columns.map((name) => new ColumnLook(name));
  const first: Row[] = [];
  let rows = 0;
  let whole = true;
  for await (const chunk of source.rows()) {
    if (rows + chunk.length > maxRows) whole = false;
    for (const row of chunk.slice(0, maxRows - rows)) {
      rows += 1;
      if (row.problem !== undefined) continue;
      if (first.length < FIRST_ROWS) first.push(row);
      for (const [i, column] of columns.entries()) column.add(row.cells[i] ?? "");
    }
    if (!whole) break;
  }
  const isOwn = (name: string): boolean => REJECT_COLUMNS.some((own) => own === name);
  return {
    columns: columns.filter(({ name }) => !isOwn(name)),
    names: source.columns,
    first,
    rows,
    whole,
    header: headerDigest(source.columns),
  };
}
