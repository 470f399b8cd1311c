import { DIMENSION_FIELDS, EVENT_LIMITS, type DimensionField } from "@tributary/protocol";
import { z } from "zod";

/** Most aliases of a dimension. */
const MOST = 500;
/** Text of a dimension's aliases, bytes: reports send it with each query. */
const MOST_BYTES = 32_768;

const name = z.string().min(1).max(EVENT_LIMITS.utmBytes);

export const dimension = z.enum(DIMENSION_FIELDS, {
  error: `expected one of ${DIMENSION_FIELDS.join(", ")}`,
});
/** By dimension: the names that stand for others, by those. */
export const aliases = z.partialRecord(dimension, z.record(name, name));

/** A tenant's names, as its settings have them. */
interface GivenNames {
  readonly fold?: readonly DimensionField[] | undefined;
  readonly aliases?: z.output<typeof aliases> | undefined;
}

/** Refuses aliases of which the order of reading would decide: of one name twice, of another alias, in two spellings. */
export function checkAliases(given: GivenNames, context: z.RefinementCtx): void {
  for (const [field, ofDimension] of Object.entries(given.aliases ?? {})) {
    const isFolded = given.fold?.some((folded) => folded === field) === true;
    const compared = (text: string): string =>
      isFolded ? text.trim().replace(/\s+/g, " ").toLowerCase() : text;
    const problem = (alias: readonly string[], message: string): void => {
      context.addIssue({ code: "custom", path: ["aliases", field, ...alias], message });
    };
    const names = Object.entries(ofDimension);
    const bytes = names.reduce((sum, [from, to]) => sum + Buffer.byteLength(from + to), 0);
    if (names.length > MOST || bytes > MOST_BYTES) {
      problem([], `expected at most ${MOST} aliases of ${MOST_BYTES} bytes together`);
    }
    const sources = new Map(names.map(([from]) => [compared(from), from]));
    const targets = new Map(names.map(([, to]) => [compared(to), to]));
    for (const [from, to] of names) {
      const same = sources.get(compared(from)) ?? from;
      const next = sources.get(compared(to));
      const spelled = targets.get(compared(to)) ?? to;
      if (same !== from) problem([from], `"${same}" is the same name, for the dimension is folded`);
      if (next !== undefined && ofDimension[next] !== to) {
        problem([from], `expected a name that is no alias itself, "${to}" is one`);
      }
      if (spelled !== to) problem([from], `expected "${spelled}", as another alias spells it`);
    }
  }
}
