/** A preset: how a tool's file is recognized, and what its rows mean. */
import { SKIP } from "../mapping/event-types.ts";
import type { EventField, Field, Kind } from "../mapping/fields.ts";
import { plainName } from "../mapping/names.ts";
import type { Choices } from "../mapping/propose.ts";
import { isNothing } from "../values/nothing.ts";

/** What a row means: fields with their texts, as many as it means events; or why it means none. */
export type Meaning = Readonly<Partial<Record<Field | "type", string>>>;
export type Meanings = readonly Meaning[] | { readonly problem: string };

/** A row's cell by its column's plain name; empty where the file has no such column. */
export type CellOf = (column: string) => string;

/** Reads the rows of one reading, in their order: it may remember what it has seen. */
export type RowReader = (cell: CellOf) => Meanings;

export interface Preset {
  /** Names it in options: `shopify-orders`. */
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly kind: Kind;
  /** Whether a file is of this tool. @param has by a column's plain name, see {@link plainName} */
  readonly recognizes: (has: (...columns: string[]) => boolean) => boolean;
  /** Columns that fill a field as they stand, by their plain names: the first that the file has. `@click` is a constant. */
  readonly columns: Readonly<Partial<Record<Field, readonly string[]>>>;
  /** Fields that {@link reader} fills. */
  readonly derived: readonly Field[];
  /** Makes the reader of a reading; undefined where no field is derived. */
  readonly reader?: () => RowReader;
  /** Zone of times without one. */
  readonly zone?: string;
  /** The order of day and month, where the tool has only one. */
  readonly isMonthFirst?: boolean;
  /** What a person should know about it: a sentence each. */
  readonly notes: readonly string[];
}

/** The derived column of a field: one of ours, and none of those that a reject file adds. */
export function derivedColumn(field: Field): string {
  return `tributary_as_${plainName(field)}`;
}

/** A row that means nothing for attribution. */
export const SKIPPED: Meanings = [{ type: SKIP }];

/** Columns by their plain names. */
export class ColumnsByName {
  readonly #names = new Map<string, string>();
  readonly #places = new Map<string, number>();

  constructor(columns: readonly string[]) {
    for (const [place, column] of columns.entries()) {
      const plain = plainName(column);
      if (this.#names.has(plain)) continue;
      this.#names.set(plain, column);
      this.#places.set(plain, place);
    }
  }

  readonly has = (...columns: string[]): boolean =>
    columns.every((column) => this.#names.has(column));

  /** The first of the columns that the file has. */
  first(columns: readonly string[]): string | undefined {
    for (const column of columns) {
      if (column.startsWith("@")) return column;
      const name = this.#names.get(column);
      if (name !== undefined) return name;
    }
    return undefined;
  }

  placeOf(column: string): number {
    return this.#places.get(column) ?? -1;
  }
}

/** What a preset decides about a file's mapping. */
export function presetChoices(preset: Preset, columns: readonly string[]): Choices {
  const names = new ColumnsByName(columns);
  const byField = new Map<Field, string>();
  for (const [field, candidates] of Object.entries(preset.columns) as [
    Field,
    readonly string[],
  ][]) {
    const column = names.first(candidates);
    if (column !== undefined) byField.set(field, column);
  }
  for (const field of preset.derived) byField.set(field, derivedColumn(field));
  const answers = new Map([[`type ${SKIP}`, SKIP]]);
  if (preset.isMonthFirst === true) {
    for (const separator of ["/", "-"]) {
      const [day, month] = [`dd${separator}mm${separator}yyyy`, `mm${separator}dd${separator}yyyy`];
      answers.set(`order ${day} ${month}`, month);
    }
  }
  return {
    kind: preset.kind,
    columns: byField,
    onlyChosen: true,
    answers,
    ...(preset.zone === undefined ? {} : { zone: preset.zone }),
  };
}

/** The first text that says something. */
export function firstOf(...texts: readonly string[]): string {
  return (
    texts.map((text) => text.trim()).find((text) => !isNothing(text) && !UNKNOWN.test(text)) ?? ""
  );
}

/** How analytics tools write that they do not know or do not say. */
const UNKNOWN = /^(?:\(data deleted\)|\(not provided\)|none|n\/a|-{1,2})$/i;

/** A meaning without its empty fields. */
export function meaning(
  type: string,
  fields: Readonly<Partial<Record<Exclude<EventField, "type">, string>>>,
): Meaning {
  const filled = Object.entries(fields).filter(([, text]) => text !== "");
  return Object.fromEntries([["type", type], ...filled]) as Meaning;
}
