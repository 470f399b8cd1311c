import type { AttributionReport } from "@tributary/reports/answers";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** What a table does not show: by which rules the report was made, where they are not the platform's, and up to when it is complete. */
export function reportNotes({ source, rules, completeUpTo }: AttributionReport): string {
  const complete =
    completeUpTo === 0
      ? "Not known to be complete up to any time yet."
      : `Complete up to ${new Date(completeUpTo).toISOString()}: all that was accepted before is in it.`;
  return source === "facts" ? `${describeRules(rules)}\n${complete}` : complete;
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
      : [
          `without ${leaveOut.join(", ")} (${(leftOutTouchpoints ?? 0).toLocaleString("en-US")} touchpoints)`,
        ]),
  ];
  return `Credited anew from the facts: ${parts.join("; ")}.`;
}

/** A duration in the largest unit that it is a whole number of: `30d`, `12h`, `1500ms`. */
function duration(ms: number): string {
  for (const [unit, size] of UNITS) if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
