/** Names of a report that differ in case and spaces only. */
import { foldedName } from "@tributary/attribution";
import { DIMENSION_FIELDS } from "@tributary/protocol";
import { z } from "zod";

/** Names that are told, and spellings of each: a hint, not a list. */
const MAX_NAMES = 10;
const MAX_SPELLINGS = 10;

const spelling = z.object({
  dimension: z.string(),
  name: z.string().describe("as the tenant setting fold would have it"),
  spellings: z.array(z.string()).describe("at most ten, by their rows"),
  count: z.number().int(),
});

export type Spelling = z.infer<typeof spelling>;

/** The field of an answer. */
export const spellings = {
  spellings: z
    .array(spelling)
    .optional()
    .describe("names that the rows have in several spellings; absent where there are none"),
};

/**
 * The names that a report's rows have in several spellings, the most spellings first; nothing where there are none.
 * @param by dimensions that the rows are grouped by
 */
export function spelled(
  rows: readonly object[],
  by: readonly string[],
): { readonly spellings?: Spelling[] } {
  const found = DIMENSION_FIELDS.filter((field) => by.includes(field)).flatMap((dimension) => {
    const names = new Map<string, Set<string>>();
    for (const row of rows) {
      const { [dimension]: name } = row as Readonly<Record<string, unknown>>;
      if (typeof name !== "string") continue;
      const folded = foldedName(name);
      const known = names.get(folded);
      if (known === undefined) names.set(folded, new Set([name]));
      else known.add(name);
    }
    return [...names]
      .filter(([, { size }]) => size > 1)
      .map(([name, all]): Spelling => ({
        dimension,
        name,
        spellings: [...all].slice(0, MAX_SPELLINGS),
        count: all.size,
      }));
  });
  if (found.length === 0) return {};
  return { spellings: found.toSorted((a, b) => b.count - a.count).slice(0, MAX_NAMES) };
}
