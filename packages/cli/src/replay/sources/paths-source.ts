import { describeCell } from "./field-map.ts";
import { expandPathRow, pathRowKey, type PathRow } from "./path-events.ts";
import { readLines } from "./lines.ts";
import type { Rejected, SourceChunk, SourceEvent } from "./source-item.ts";
import { readAmount } from "./split-value.ts";
import { CliError } from "../../errors.ts";

/** The header that the form is known by. */
export const PATHS_HEADER = "path,total_conversions,total_conversion_value,total_null";

const SEPARATOR = " > ";
const EVENTS_PER_CHUNK = 2000;
/** Above this, a row is nearly surely not a count of journeys. */
const MAX_JOURNEYS = 1_000_000_000;

/**
 * Aggregated paths, a row at a time. Channels must not hold commas: the form has no quoting of its own.
 * Holds one number for each different row, to tell equal ones apart (some 100 bytes each).
 * @param currency ISO 4217, of every value
 * @throws CliError `file` for another header
 */
export async function* readPaths(path: string, currency: string): AsyncGenerator<SourceChunk> {
  const occurrences = new Map<string, number>();
  let events: SourceEvent[] = [];
  let rejected: Rejected[] = [];
  let hasHeader = false;
  for await (const { lines, bytesRead } of readLines(path)) {
    for (const { number: line, endByte, text } of lines) {
      if (!hasHeader) {
        hasHeader = isPathsHeader(text ?? "");
        if (!hasHeader) throw new CliError("file", `${path}: expected the header ${PATHS_HEADER}`);
        continue;
      }
      if (text?.trim() === "") continue;
      const row = readPathRow(text ?? "", currency, occurrences);
      if ("reason" in row) {
        rejected.push({ line, ...row });
        continue;
      }
      for (const event of expandPathRow(row)) {
        events.push({ line, event });
        if (events.length < EVENTS_PER_CHUNK) continue;
        yield { events, rejected, bytesRead: endByte };
        events = [];
        rejected = [];
      }
    }
    if (events.length + rejected.length > 0) yield { events, rejected, bytesRead };
    events = [];
    rejected = [];
  }
  if (!hasHeader)
    throw new CliError("file", `${path} is empty: expected the header ${PATHS_HEADER}`);
}

export function isPathsHeader(line: string): boolean {
  return (
    line
      .trim()
      .replaceAll('"', "")
      .replaceAll(/\s*,\s*/g, ",") === PATHS_HEADER
  );
}

/** Reads a row, or names its invalid field. */
function readPathRow(
  line: string,
  currency: string,
  occurrences: Map<string, number>,
): PathRow | Omit<Rejected, "line"> {
  const cells = line.split(",").map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  const [path = "", conversionsText = "", valueText = "", nullsText = ""] = cells;
  if (cells.length !== 4) {
    return { field: "event", reason: `expected 4 cells as in the header, got ${cells.length}` };
  }
  const channels = path.split(SEPARATOR).map((channel) => channel.trim());
  if (channels.includes("")) {
    return {
      field: "path",
      reason: `expected channels separated by "${SEPARATOR}", got ${describeCell(path)}`,
    };
  }
  const conversions = readCount(conversionsText);
  if (conversions === undefined) return notACount("total_conversions", conversionsText);
  const nulls = readCount(nullsText);
  if (nulls === undefined) return notACount("total_null", nullsText);
  const value = readAmount(valueText);
  if (value === undefined) {
    return {
      field: "total_conversion_value",
      reason: `expected a number of at least 0, got ${describeCell(valueText)}`,
    };
  }
  if (conversions === 0 && value > 0n) {
    return {
      field: "total_conversion_value",
      reason: "there is a value, but no conversion to carry it",
    };
  }
  return { channels, conversions, nulls, value, currency, key: pathRowKey(cells, occurrences) };
}

/** R writes counts as 3, 3.0 or 1e+05. */
function readCount(text: string): number | undefined {
  const value = text === "" ? Number.NaN : Number(text);
  return Number.isInteger(value) && value >= 0 && value <= MAX_JOURNEYS ? value : undefined;
}

function notACount(field: string, text: string): Omit<Rejected, "line"> {
  return {
    field,
    reason: `expected a whole number from 0 to ${MAX_JOURNEYS}, got ${describeCell(text)}`,
  };
}
