import type { Spelling } from "@tributary/reports/answers";
import { safeTextWithin } from "../terminal/terminal.ts";

const MAX_NAME_CHARACTERS = 40;

/** A line a name that the rows have in several spellings. */
export function spellingLines(spellings: readonly Spelling[] = []): string[] {
  const lines = spellings.map(({ dimension, name, spellings: all, count }) => {
    const shown = all.map((one) => JSON.stringify(safeTextWithin(MAX_NAME_CHARACTERS, one)));
    const more = count > all.length ? ", …" : "";
    return `${count} spellings of ${safeTextWithin(MAX_NAME_CHARACTERS, name)} in ${dimension}: ${shown.join(", ")}${more}`;
  });
  if (lines.length === 0) return [];
  return [...lines, "The tenant settings fold and aliases make them one (docs/tenants.md)."];
}
