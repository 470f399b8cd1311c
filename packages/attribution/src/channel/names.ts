import type { DimensionField } from "@tributary/protocol";

/** How a tenant's names are made one. */
export interface NameSettings {
  /** Dimensions whose names are alike where they differ in case and spaces only. */
  readonly fold: readonly DimensionField[];
  /** By dimension: other names of a name. Both are folded before they are compared where the dimension is. */
  readonly aliases: Readonly<Partial<Record<DimensionField, Readonly<Record<string, string>>>>>;
}

/** White space of JavaScript, written out: the warehouse folds by the same class. */
export const SPACES =
  "\\t\\n\\x0B\\f\\r \\xA0\\u1680\\u2000-\\u200A\\u2028\\u2029\\u202F\\u205F\\u3000\\uFEFF";
const RUN_OF_SPACES = new RegExp(`[${SPACES}]+`, "g");

/** A name without the differences that people do not mean: in lower case, without surrounding spaces, of repeated ones one. */
export function foldedName(text: string): string {
  return text.replace(RUN_OF_SPACES, " ").trim().toLowerCase();
}

/**
 * A tenant's names made one. Facts keep the name as it was sent: what is read from them is folded, and so is what the workers hold.
 * Folding twice changes nothing.
 */
export class Names {
  readonly settings: NameSettings;
  readonly #folded: ReadonlySet<DimensionField>;
  /** By dimension: the name for a name, targets of aliases for their own folded form included. */
  readonly #aliases = new Map<DimensionField, ReadonlyMap<string, string>>();

  constructor(settings: NameSettings) {
    this.settings = settings;
    this.#folded = new Set(settings.fold);
    for (const [field, aliases] of Object.entries(settings.aliases) as [
      DimensionField,
      Readonly<Record<string, string>>,
    ][]) {
      const found = new Map<string, string>();
      for (const [from, to] of Object.entries(aliases)) {
        // The name's own spellings are it as well, so that a name as somebody wants to read it needs no alias of itself.
        found.set(this.#compared(field, to), to);
        found.set(this.#compared(field, from), to);
      }
      if (found.size > 0) this.#aliases.set(field, found);
    }
  }

  /** Whether names of a dimension may change. */
  changes(field: DimensionField): boolean {
    return this.#folded.has(field) || this.#aliases.has(field);
  }

  /** The names that stand for others, by those, as they are compared. */
  aliasesOf(field: DimensionField): ReadonlyMap<string, string> {
    return this.#aliases.get(field) ?? NONE;
  }

  folds(field: DimensionField): boolean {
    return this.#folded.has(field);
  }

  /** The one name that a name of a dimension stands for; "" stands for itself. */
  of(field: DimensionField, text: string): string {
    if (text === "") return text;
    const compared = this.#compared(field, text);
    return this.#aliases.get(field)?.get(compared) ?? compared;
  }

  #compared(field: DimensionField, text: string): string {
    return this.#folded.has(field) ? foldedName(text) : text;
  }
}

const NONE: ReadonlyMap<string, string> = new Map();
