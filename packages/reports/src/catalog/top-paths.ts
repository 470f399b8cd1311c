import { tabulatePaths, transformPaths, type PathTransform } from "@tributary/attribution";
import { formatDecimal } from "@tributary/protocol";
import { attributionReport, NO_VALUE, openJourneys, touchDimensions } from "@tributary/warehouse";
import { z } from "zod";
import { count, currency, decimalText } from "../answers/fields.ts";
import { text, wholeBetween } from "../question/parameters.ts";
import { nonConverting } from "../question/report-parameters.ts";
import { byTouch, report, type AnswerOf } from "./report.ts";

/** Transforms whose paths read as names; `frequency` numbers the touches of one name. */
const SHOWN_TRANSFORMS = [
  "unique",
  "exposure",
  "first",
] as const satisfies readonly PathTransform[];

/** Journeys that took one path, or several together. */
const pathAmounts = {
  conversions: count,
  value: z.array(z.object({ currency, value: decimalText })),
  nonConverting: count,
};
const amountsSchema = z.object(pathAmounts);

interface Sum {
  path: readonly string[];
  conversions: number;
  values: Map<string, bigint>;
  nonConverting: number;
}

/** Most conversions first, then most journeys without one. Rows and rest sum to the totals to the last digit. */
export const paths = report({
  summary: "The paths that most conversions took, and the sum of the rest",
  parameters: z.strictObject({
    by: byTouch,
    transform: text(z.enum(SHOWN_TRANSFORMS).default("unique")).describe(
      "how paths are simplified",
    ),
    nonConverting,
    limit: wholeBetween(1, 10_000, 50).describe("most paths; the rest is summed"),
  }),
  answer: z.object({
    rows: z.array(z.object({ path: z.string(), touchpoints: count, ...pathAmounts })),
    rest: z.object({ paths: count, ...pathAmounts }).describe("the paths that are not shown"),
    totals: z.object({ paths: count, ...pathAmounts }),
  }),
  async run({ engine, tenant, settings }, asked) {
    const { by, limit, transform } = asked;
    const question = { tenant, sessionGapMs: settings.sessionGapMs, ...asked };
    const credited = await attributionReport(engine, { ...question, models: [], withPaths: true });
    const tails = asked.nonConverting === "tails";
    const open =
      asked.nonConverting === "none" ? [] : await openJourneys(engine, { ...question, tails });
    const sorted = sumPaths(credited.paths, open, transform);
    const rest = sorted.slice(limit);
    return {
      rows: sorted.slice(0, limit).map((sum) => ({
        path: sum.path.map((touch) => nameOf(touch, by.length)).join(" > "),
        touchpoints: sum.path.length,
        ...amountsOf([sum]),
      })),
      rest: { paths: rest.length, ...amountsOf(rest) },
      totals: { paths: sorted.length, ...amountsOf(sorted) },
    };
  },
});

function sumPaths(
  credited: Awaited<ReturnType<typeof attributionReport>>["paths"],
  open: Awaited<ReturnType<typeof openJourneys>>,
  transform: PathTransform,
): readonly Sum[] {
  const sums = new Map<string, Sum>();
  const sumOf = (path: readonly string[]): Sum => {
    const key = JSON.stringify(path);
    const known = sums.get(key);
    if (known !== undefined) return known;
    const sum: Sum = { path, conversions: 0, values: new Map(), nonConverting: 0 };
    sums.set(key, sum);
    return sum;
  };
  for (const { path, currency, conversions, value } of credited) {
    const sum = sumOf(simplified(path, transform));
    sum.conversions += conversions;
    sum.values.set(currency, (sum.values.get(currency) ?? 0n) + value);
  }
  for (const { path, journeys } of open) {
    sumOf(simplified(path, transform)).nonConverting += journeys;
  }
  return [...sums.entries()]
    .sort(
      ([nameA, a], [nameB, b]) =>
        b.conversions - a.conversions ||
        b.nonConverting - a.nonConverting ||
        (nameA < nameB ? -1 : 1),
    )
    .map(([, sum]) => sum);
}

/** One path as a model over paths sees it. */
function simplified(path: readonly string[], transform: PathTransform): readonly string[] {
  if (transform === "unique" || path.length < 2) return path;
  const table = tabulatePaths([{ path, conversions: 1, value: 0, nulls: 0 }]);
  const { channels, touches, touchChannels } = transformPaths(table, transform);
  return Array.from(touches, (touch) => channels[touchChannels[touch] ?? 0] ?? "");
}

function nameOf(touch: string, dimensions: number): string {
  return touchDimensions(touch, dimensions)
    .map((text) => text || NO_VALUE)
    .join(" / ");
}

function amountsOf(sums: readonly Sum[]): AnswerOf<typeof amountsSchema> {
  const values = new Map<string, bigint>();
  for (const sum of sums) {
    for (const [currency, value] of sum.values) {
      values.set(currency, (values.get(currency) ?? 0n) + value);
    }
  }
  return {
    conversions: sums.reduce((total, { conversions }) => total + conversions, 0),
    value: [...values]
      .filter(([currency, value]) => currency !== "" || value !== 0n)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([currency, value]) => ({ currency, value: formatDecimal(value) })),
    nonConverting: sums.reduce((total, { nonConverting }) => total + nonConverting, 0),
  };
}
