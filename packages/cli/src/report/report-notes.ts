import type { AttributionReport } from "@tributary/reports/answers";
import { spellingLines } from "./spelling-lines.ts";
import { figure } from "../terminal/figures.ts";

const UNITS = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["m", 60_000],
  ["s", 1000],
] as const;

/** The times that a report is of. */
type ReportTimes = Pick<AttributionReport, "timeZone" | "from" | "to">;

/** The zone of a report, and its times: `Time zone Europe/Berlin, from 2026-10-01 to before 2026-11-01.` */
export function timesLine({ timeZone, from, to }: ReportTimes): string {
  const ends = [
    ...(from === undefined ? [] : [`from ${localTime(from, timeZone)}`]),
    ...(to === undefined ? [] : [`to before ${localTime(to, timeZone)}`]),
  ];
  return `Time zone ${timeZone}, ${ends.length === 0 ? "all time" : ends.join(" ")}.`;
}

/** A day where it is its midnight, else the time with its offset. */
function localTime(ms: number, timeZone: string): string {
  const format = { timeZone, dateStyle: "short", timeStyle: "medium" } as const;
  const text = new Intl.DateTimeFormat("sv-SE", format).format(ms);
  if (text.endsWith(" 00:00:00")) return text.slice(0, 10);
  const parts = new Intl.DateTimeFormat("en", { timeZone, timeZoneName: "longOffset" });
  const offset = parts.formatToParts(ms).find(({ type }) => type === "timeZoneName")?.value ?? "";
  return `${text}${offset.replace("GMT", "") || "+00:00"}`;
}

/** Notes below a table: zone and times, the rules where they are not the workers', and up to when the report is complete. */
export function reportNotes(report: AttributionReport): string {
  const { source, rules, completeUpTo, spellings, ...times } = report;
  const complete =
    completeUpTo === 0
      ? "The report is not known to be complete up to any time yet."
      : `Complete up to ${new Date(completeUpTo).toISOString()}: the report includes everything accepted earlier.`;
  const credited = source === "facts" ? [describeRules(rules)] : [];
  return [...spellingLines(spellings), timesLine(times), ...credited, complete].join("\n");
}

function describeRules(rules: AttributionReport["rules"]): string {
  const { clickWindowMs, viewWindowMs, windows = {}, leaveOut = [], leftOutTouchpoints } = rules;
  const window = (click: number | null, view: number | null): string =>
    `clicks and visits count ${age(click)}, impressions ${rules.viewThrough ? age(view) : "not"}`;
  const parts = [
    window(clickWindowMs, viewWindowMs),
    ...Object.entries(windows).map(
      ([name, of]) => `of "${name}" ${window(of.clickWindowMs, of.viewWindowMs)}`,
    ),
    ...(rules.clickBeatsImpression ? ["a click beats impressions"] : []),
    ...(rules.conversionTouch === true ? ["a conversion is the last touchpoint itself"] : []),
    ...(rules.afterConversion === "keep" ? [] : ["each conversion uses up its touchpoints"]),
    ...(rules.transform === "unique" ? [] : [`paths simplified by "${rules.transform}"`]),
    ...(leaveOut.length === 0
      ? []
      : [`without ${leaveOut.join(", ")} (${figure(leftOutTouchpoints ?? 0)} touchpoints)`]),
  ];
  return `Credited anew from the facts: ${parts.join("; ")}.`;
}

function age(windowMs: number | null): string {
  return windowMs === null ? "whatever their age" : `for ${duration(windowMs)}`;
}

/** A duration in the largest unit that it is a whole number of: `30d`, `12h`, `1500ms`. */
function duration(ms: number): string {
  for (const [unit, size] of UNITS) if (ms > 0 && ms % size === 0) return `${ms / size}${unit}`;
  return `${ms}ms`;
}
