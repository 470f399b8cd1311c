/** Ten digits are seconds until the year 2286; thirteen are milliseconds from 2001 on. */
const SECONDS = /^\d{10}(?:\.\d+)?$/;
const MILLISECONDS = /^\d{12,14}$/;
const ISO = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?$/;
const ZONE = /(?:Z|[+-]\d\d:?\d\d)$/;

/** What {@link readTime} takes, for messages. */
export const TIME_EXPECTED =
  "expected milliseconds or seconds since 1970, or ISO 8601 (without a zone: UTC)";

/** A time of a file as ms since 1970, or undefined where it is none. A fraction of a millisecond is cut off. */
export function readTime(value: unknown): number | undefined {
  const text =
    typeof value === "number" ? String(value) : typeof value === "string" ? value.trim() : "";
  if (MILLISECONDS.test(text)) return Number(text);
  if (SECONDS.test(text)) return secondsToMs(text);
  if (!ISO.test(text)) return undefined;
  const date = text.replace(" ", "T");
  // ECMA-262 reads a date and time without a zone as local time: the same file would differ between machines.
  const ms = Date.parse(date.includes("T") && !ZONE.test(date) ? `${date}Z` : date);
  return Number.isNaN(ms) ? undefined : ms;
}

/** By digits, because 1700000000.123 · 1000 is not 1700000000123 in floating point. */
function secondsToMs(text: string): number {
  const [whole = "", fraction = ""] = text.split(".");
  return Number(whole + fraction.slice(0, 3).padEnd(3, "0"));
}
