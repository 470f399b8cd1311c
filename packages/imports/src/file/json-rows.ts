/** Objects of JSON lines and JSON arrays as rows: nested fields become columns with dotted names. */
import { ImportError } from "../errors.ts";
import { TABLE_BOUNDS } from "./table.ts";

type Json = Readonly<Record<string, unknown>>;

/** Deepest nesting that becomes columns; what is below stays JSON. */
const MAX_DEPTH = 4;

/** The cells of an object by their column. Empty values are left out. */
export function flatten(object: Json): Map<string, string> {
  const cells = new Map<string, string>();
  addFields(cells, "", object, 1);
  return cells;
}

function addFields(cells: Map<string, string>, prefix: string, object: Json, depth: number): void {
  for (const [key, value] of Object.entries(object)) addValue(cells, prefix + key, value, depth);
}

function addValue(cells: Map<string, string>, name: string, value: unknown, depth: number): void {
  if (value === null || value === undefined) return;
  if (typeof value === "string") cells.set(name, value);
  else if (typeof value === "number" || typeof value === "boolean") cells.set(name, String(value));
  else if (value instanceof NumberText) cells.set(name, value.text);
  else if (Array.isArray(value)) addArray(cells, name, value, depth);
  else if (depth < MAX_DEPTH) addFields(cells, `${name}.`, value as Json, depth + 1);
  else cells.set(name, JSON.stringify(value));
}

/** Lists of keys with values, as GA4's event_params, become a column a key; other lists stay JSON. */
function addArray(
  cells: Map<string, string>,
  name: string,
  list: readonly unknown[],
  depth: number,
): void {
  if (list.length === 0) return;
  const pairs = list.map(pairOf);
  if (pairs.includes(undefined)) {
    cells.set(name, JSON.stringify(list));
    return;
  }
  for (const pair of pairs) {
    if (pair !== undefined) addValue(cells, `${name}.${pair.key}`, pair.value, depth + 1);
  }
}

function pairOf(item: unknown): { readonly key: string; readonly value: unknown } | undefined {
  if (typeof item !== "object" || item === null || !("key" in item) || !("value" in item))
    return undefined;
  const { key, value } = item;
  if (typeof key !== "string") return undefined;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return { key, value };
  // One of string_value, int_value, float_value and double_value is set; BigQuery leaves the others out or null.
  const typed = Object.entries(value).filter(([type]) => type.endsWith("_value"));
  if (typed.length === 0) return { key, value };
  return { key, value: typed.find(([, one]) => one !== null)?.[1] };
}

/** A number as it is written, where a double would lose digits of it. */
class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
  toJSON(): string {
    return this.text;
  }
}

/** More digits than a double holds. */
const LONG_NUMBER = /[\d.]{16}/;

/** Parses JSON; long numbers keep all their digits. @throws SyntaxError for text that is no JSON */
export function parseExactJson(text: string): unknown {
  if (!LONG_NUMBER.test(text)) return JSON.parse(text) as unknown;
  return JSON.parse(
    text,
    function reviver(_key: string, value: unknown, context?: { source?: string }) {
      const source = context?.source;
      if (typeof value !== "number" || source === undefined || String(value) === source)
        return value;
      return /^-?\d+(?:\.\d+)?$/.test(source) ? new NumberText(source) : value;
    },
  ) as unknown;
}

/** A text between two places of a JSON array, or a line. */
export interface JsonText {
  /** Line, or place in the array, from 1. */
  readonly line: number;
  readonly text: string;
  readonly problem: string | undefined;
}

/** Cuts JSON lines out of text that comes in pieces. */
export class JsonLines {
  #text = "";
  #line = 0;

  push(piece: string): JsonText[] {
    this.#text += piece;
    const lines = this.#text.split("\n");
    this.#text = lines.pop() ?? "";
    const rows = lines.map((text) => this.#next(text));
    if (this.#text.length > TABLE_BOUNDS.rowCharacters) {
      // Its rest is no line of its own: it is named as a second row that is no JSON, with the same line.
      rows.push({ line: this.#line + 1, text: "", problem: TOO_LONG });
      this.#text = "";
    }
    return rows;
  }

  end(): JsonText[] {
    return this.#text === "" ? [] : [this.#next(this.#text)];
  }

  #next(text: string): JsonText {
    this.#line += 1;
    return { line: this.#line, text, problem: undefined };
  }
}

const TOO_LONG = `the row is longer than ${TABLE_BOUNDS.rowCharacters} characters`;

/**
 * Cuts the items of a JSON array out of text that comes in pieces, by the depth of its brackets.
 * @throws ImportError `file` for an item of more than twice the longest row
 */
export class JsonItems {
  #text = "";
  /** How far `#text` was scanned. */
  #at = 0;
  #start = -1;
  #depth = 0;
  #inString = false;
  #item = 0;

  push(piece: string): JsonText[] {
    this.#text += piece;
    const items: JsonText[] = [];
    const text = this.#text;
    let at = this.#at;
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (this.#inString) {
        // A backslash hides the character after it, which may be in the next piece.
        if (code === BACKSLASH) at += 1;
        else if (code === QUOTE) this.#inString = false;
      } else if (code === QUOTE) this.#inString = true;
      else if (code === OPEN_BRACE || code === OPEN_BRACKET) {
        if (this.#depth === 1) this.#start = at;
        this.#depth += 1;
      } else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) {
        this.#depth -= 1;
        if (this.#depth === 1) this.#take(items, text.slice(this.#start, at + 1));
      }
    }
    const keep = this.#start < 0 ? Math.min(at, text.length) : this.#start;
    this.#text = text.slice(keep);
    this.#at = at - keep;
    if (this.#start >= 0) this.#start = 0;
    if (this.#text.length > 2 * TABLE_BOUNDS.rowCharacters) {
      throw new ImportError("file", `item ${this.#item + 1} of the array: ${TOO_LONG}`);
    }
    return items;
  }

  end(): JsonText[] {
    if (this.#depth === 0) return [];
    return [
      {
        line: this.#item + 1,
        text: this.#text.slice(0, 1000),
        problem: "the file breaks off within the array",
      },
    ];
  }

  #take(items: JsonText[], text: string): void {
    this.#start = -1;
    this.#item += 1;
    const problem = text.length > TABLE_BOUNDS.rowCharacters ? TOO_LONG : undefined;
    items.push({ line: this.#item, text, problem });
  }
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
