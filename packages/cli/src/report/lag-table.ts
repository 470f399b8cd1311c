import type { Lag } from "../client/report-types.ts";
import { safeText } from "../terminal/terminal.ts";
import { plainTable } from "./table.ts";

/**
 * The lag as a table: a row for each partition, a column for each figure that the service gives (those within
 * another, such as `warehouse.pending`, under both names), then what it gives besides.
 */
export function renderLag(lag: Lag): string {
  const { partitions, ...rest } = lag;
  const rows = partitions.map((partition) => flatten(partition));
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const parts: string[] = [];
  if (columns.length > 0) {
    const cells = rows.map((row) => columns.map((column) => row.get(column) ?? ""));
    parts.push(plainTable(columns.map(headText), 1, cells, false));
  } else {
    parts.push("No partitions yet.");
  }
  const { total, ...others } = rest;
  const totals = isRecord(total) ? Object.entries(total).map(totalText) : [];
  if (totals.length > 0) parts.push(totals.join("\n"));
  const more = [...flatten(others)].map(([name, value]) => `${name} ${value}`);
  if (more.length > 0) parts.push(more.join(" · "));
  return parts.join("\n\n");
}

/** `attribution: 12 entries wait, the oldest for 3 s`, or that none does. */
function totalText([group, lag]: [string, unknown]): string {
  if (!isRecord(lag)) return `${safeText(group)}: ${safeText(cellText(lag))}`;
  const { entries, oldestAgeSeconds } = lag;
  if (entries === 0) return `${safeText(group)}: nothing waits`;
  return `${safeText(group)}: ${cellText(entries)} entries wait, the oldest for ${cellText(oldestAgeSeconds)} s`;
}

/** Figures by their names, those within others as `outer.inner`. */
function flatten(value: Readonly<Record<string, unknown>>, prefix = ""): Map<string, string> {
  const cells = new Map<string, string>();
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    if (isRecord(field)) {
      for (const [inner, text] of flatten(field, `${prefix}${name}.`)) cells.set(inner, text);
    } else {
      cells.set(safeText(prefix + name), safeText(cellText(field)));
    }
  }
  return cells;
}

/** A word a line: `warehouse.oldestAgeSeconds` would be wider than its figures. */
function headText(name: string): string {
  return name
    .replaceAll(".", "\n")
    .replaceAll(/([a-z])([A-Z])/g, (_, a: string, b: string) => `${a}\n${b.toLowerCase()}`);
}

function cellText(value: unknown): string {
  if (value === null || value === "") return "–";
  if (typeof value === "number") return value.toLocaleString("en-US", { maximumFractionDigits: 1 });
  return typeof value === "string" ? value : JSON.stringify(value);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
