import type { AttributionReport } from "@tributary/reports/answers";
import { spellingLines } from "./spelling-lines.ts";
import { figure } from "../terminal/figures.ts";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** Notes below a table: the rules, where they are not the workers', and the time up to which the report is complete. */
export function reportNotes(report: AttributionReport): string {
  const { source, rules, completeUpTo, spellings } = report;
  const complete =
    completeUpTo === 0
      ? "The report is not known to be complete up to any time yet."
      : `Complete up to ${new Date(completeUpTo).toISOString()}: the report includes everything accepted earlier.`;
  const credited = source === "facts" ? [describeRules(rules)] : [];
  return [...spellingLines(spellings), ...credited, complete].join("\n");
}

function describeRules(rules: AttributionReport["rules"]): string {
  const { clickWindowMs, viewWindowMs, windows = {}, leaveOut = [], leftOutTouchpoints } = rules;
  const window = (click: number, view: number): string =>
    `clicks and visits count for ${duration(click)}, impressions ${rules.viewThrough ? `for ${duration(view)}` : "not"}`;
  const parts = [
    window(clickWindowMs, viewWindowMs),
    ...Object.entries(windows).map(
      ([name, of]) => `of "${name}" ${window(of.clickWindowMs, of.viewWindowMs)}`,
    ),
    ...(rules.clickBeatsImpression ? ["a click beats impressions"] : []),
    ...(rules.afterConversion === "keep" ? [] : ["each conversion uses up its touchpoints"]),
    ...(rules.transform === "unique" ? [] : [`paths simplified by "${rules.transform}"`]),
    ...(leaveOut.length === 0
      ? []
      : [`without ${leaveOut.join(", ")} (${figure(leftOutTouchpoints ?? 0)} touchpoints)`]),
  ];
  return `Credited anew from the facts: ${parts.join("; ")}.`;
}

/** A duration in the largest unit that it is a whole number of: `30d`, `12h`, `1500ms`. */
function duration(ms: number): string {
  for (const [unit, size] of UNITS) if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
