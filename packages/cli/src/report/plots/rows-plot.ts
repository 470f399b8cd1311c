import { columns, type CountedPath, pathFlows, sankey } from "@tributary/plots";
import type { RowsAnswer } from "@tributary/reports";
import { safeText } from "../../terminal/terminal.ts";

/** Reports that have a plot. */
export const PLOTTED = ["paths", "time-to-convert"] as const;

export type PlottedReport = (typeof PLOTTED)[number];

const SANKEY = Object.freeze({ steps: 5, namesPerStep: 8 });
/** Days that are drawn; later conversions are one column. */
const MAX_DAYS = 30;

/** The ways to a conversion as a Sankey diagram, or the days until one as columns. @returns SVG */
export function rowsSvg(name: PlottedReport, report: RowsAnswer): string {
  return name === "paths" ? pathsSvg(report) : daysSvg(report);
}

function pathsSvg({ rows }: RowsAnswer): string {
  const counted = rows.flatMap((row): CountedPath[] => {
    const path = safeText(textOf(row["path"]));
    const steps = path === "" ? ["(no touchpoint)"] : path.split(" > ");
    return [
      { steps, count: numberOf(row["conversions"]), end: "converted" },
      { steps, count: numberOf(row["nonConverting"]), end: "not converted" },
    ];
  });
  const conversions = rows.reduce((all, row) => all + numberOf(row["conversions"]), 0);
  return sankey({
    title: `Ways to a conversion: the ${rows.length} most frequent paths`,
    summary: `${conversions} conversions took them; ${SANKEY.steps} steps are shown`,
    flows: pathFlows(counted, SANKEY),
  });
}

function daysSvg({ rows }: RowsAnswer): string {
  const days = rows.filter((row) => row["measure"] === "days");
  const last = Math.min(MAX_DAYS, Math.max(0, ...days.map((row) => numberOf(row["length"]))));
  const conversionsOf = (isIn: (length: number) => boolean): number =>
    days
      .filter((row) => isIn(numberOf(row["length"])))
      .reduce((all, row) => all + numberOf(row["conversions"]), 0);
  const all = Array.from({ length: last + 1 }, (_, day) => ({
    label: day === MAX_DAYS ? `${day}+` : String(day),
    value: conversionsOf((length) => (day === MAX_DAYS ? length >= day : length === day)),
  }));
  return columns({
    title: "Days from the first touchpoint to the conversion",
    summary: `${conversionsOf(() => true)} conversions; ${all[0]?.value ?? 0} on the day of the first touchpoint`,
    columns: all,
  });
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
