import type { RowsAnswer } from "@tributary/reports";
import type { Spelling } from "@tributary/reports/answers";
import { spellingLines } from "./spelling-lines.ts";
import { safeTextWithin } from "../terminal/terminal.ts";
import { timesLine } from "./report-notes.ts";
import { formatUnits, minorDigits, roundColumn, unitsOf, unitsOfNumber } from "./rounding.ts";
import { withBars } from "./table-bars.ts";
import { plainTable } from "./table.ts";

/** A path may have hundreds of touchpoints; a table has less room. */
const MAX_CELL_CHARACTERS = 70;
const SHARE_DIGITS = 2;
const DAY_MS = 86_400_000;

const BLENDED = `ROAS and CPA in all are of the spend that touchpoints were found for; blended ones set all spend against all
conversions, also those without the other. A "–" is not known.`;

type Figures = Readonly<Record<string, unknown>>;

/** The sums beside a report's rows. */
interface Summaries extends RowsAnswer {
  readonly rest?: Figures;
  /** Several where there are several currencies. */
  readonly totals?: Figures | readonly Figures[];
  readonly spellings?: readonly Spelling[];
}

/**
 * A report's rows as a table, texts before figures; below it the rest, the totals and the times, in words.
 * @param columns of the screen, for bars of the conversions; 0 for none
 */
export function renderRows(report: RowsAnswer, columns = 0): string {
  const { rows, rest, totals, spellings, timeZone, from, to } = report as Summaries;
  const times = timeZone === undefined ? [] : [timesLine({ timeZone, from, to })];
  if (rows.length === 0) return ["Nothing in this time.", ...times].join("\n\n");
  const names = Object.keys(rows[0] ?? {});
  const texts = names.filter(
    (name) => rows.every((row) => typeof row[name] === "string") && !isFigure(name),
  );
  const fields = [...texts, ...names.filter((name) => !texts.includes(name))];
  const body = rows.map((row) => fields.map((name) => cellOf(name, row[name], row["currency"])));
  const table = plainTable(fields.map(wordsOf), texts.length, body, false);
  const lines = [
    withBars(
      table,
      rows.map(({ conversions }) => Number(conversions ?? 0)),
      columns,
    ),
  ];
  const hidden = Number(rest?.["paths"] ?? 0);
  if (rest !== undefined && hidden > 0) lines.push(`Not shown: ${inWords(rest)}.`);
  for (const of of Array.isArray(totals) ? totals : [totals]) {
    if (of === undefined) continue;
    const { currency, ...sums } = of as Figures;
    const all = typeof currency === "string" && currency !== "" ? `In all, ${currency}` : "In all";
    lines.push(`${all}: ${inWords(sums, currency)}.`);
  }
  const spelled = spellingLines(spellings);
  if (spelled.length > 0) lines.push(spelled.join("\n"));
  const isBlended = Array.isArray(totals) && totals.some((of) => "blendedRoas" in of);
  return [...lines, ...(isBlended ? [BLENDED] : []), ...times].join("\n\n");
}

function inWords(figures: Figures, currency?: unknown): string {
  return Object.entries(figures)
    .map(([name, value]) => `${cellOf(name, value, currency)} ${wordsOf(name)}`)
    .join(", ");
}

function cellOf(name: string, value: unknown, currency: unknown): string {
  if (value === null || value === undefined) return "–";
  if (Array.isArray(value)) {
    const amounts = value as readonly { readonly currency: string; readonly value: string }[];
    if (amounts.length === 0) return "0";
    return amounts
      .map((of) => `${amountOf(of.value, of.currency)} ${of.currency}`.trim())
      .join(", ");
  }
  if (typeof value === "number") return figureOf(name, value, currency);
  if (isComputed(name) && typeof value === "string" && /^-?\d/.test(value)) {
    return name.toLowerCase().includes("conversions")
      ? rounded(value, SHARE_DIGITS)
      : amountOf(value, currency);
  }
  if (value === "" && name === "path") return "(no touchpoint)";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return safeTextWithin(MAX_CELL_CHARACTERS, text);
}

function figureOf(name: string, value: number, currency: unknown): string {
  if (/cpa$|cpc$/i.test(name)) return quotientOf(value, currency);
  if (/roas$|PerLast$/i.test(name)) return formatUnits(...roundedTo(value, SHARE_DIGITS));
  if (name.endsWith("Rate")) return `${(value * 100).toFixed(2)} %`;
  if (name.endsWith("Ms")) return `${(value / DAY_MS).toFixed(1)} d`;
  return value.toLocaleString("en-US", { maximumFractionDigits: 2 });
}

/** Money for each conversion or arrival, in the currency's minor unit; a little is not nothing. */
function quotientOf(value: number, currency: unknown): string {
  const [units, digits] = roundedTo(value, digitsOf(currency));
  return units === 0n && value > 0 ? `< ${formatUnits(1n, digits)}` : formatUnits(units, digits);
}

function roundedTo(value: number, digits: number): [units: bigint, digits: number] {
  return [roundColumn([unitsOfNumber(value)], digits).total, digits];
}

function digitsOf(currency: unknown): number {
  return minorDigits(typeof currency === "string" ? currency : "");
}

/** An exact amount in its currency's minor unit. */
function amountOf(text: string, currency: unknown): string {
  return rounded(text, digitsOf(currency));
}

function rounded(text: string, digits: number): string {
  return formatUnits(roundColumn([unitsOf(text)], digits).total, digits);
}

/** Exact texts that are figures: those that the platform computes, and those that were imported. */
function isFigure(name: string): boolean {
  return isComputed(name) || /(?:amount|rate)$/i.test(name);
}

function isComputed(name: string): boolean {
  return /value|spend|conversions$/i.test(name);
}

/** A field's name as words: `clickThroughRate` is "click through rate", `medianMs` "median", `blendedCpa` "blended CPA". */
function wordsOf(name: string): string {
  return name
    .replace(/Ms$/, "")
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .replace(/\b(?:roas|cpa|cpc)$/, (word) => word.toUpperCase());
}
