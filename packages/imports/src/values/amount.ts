import { EVENT_LIMITS, MONEY_DIGITS } from "@tributary/protocol";

/** The character that separates a whole from its fraction. */
export type DecimalMark = "." | ",";

/** An amount of money as a file has it. */
export type Amount =
  | {
      readonly kind: "amount";
      /** Exact decimal text without trailing zeros, with a point and, below 0, a minus: `-1299.5`. */
      readonly amount: string;
      /** The currency beside the number as it is written, such as `€`; see `parseCurrency`. */
      readonly currency: string | undefined;
      /** The decimal mark that the text shows by itself; undefined where it shows none. */
      readonly mark: DecimalMark | undefined;
    }
  | {
      /** `1.299` is a thousand or one and a bit: only the rest of the column tells. */
      readonly kind: "ambiguous";
      /** What it is with a point, and with a comma, as the decimal mark. */
      readonly readings: Readonly<Record<DecimalMark, string>>;
      readonly currency: string | undefined;
    };

const PLAIN = /^(?:0|[1-9]\d{0,14})(?:\.\d{1,2})?$/;
/** No-break, narrow no-break, thin and figure space. */
const SPACES = /[\u00a0\u202f\u2009\u2007]/g;
const APOSTROPHES = /[’ʼ´`]/g;
const MINUSES = /[−–—]/g;
/** Sign and currency before the number, the number, currency and sign after it. */
const PARTS =
  /^([-+]?)\s*([^\d\s.,'()%+-][^\d,'()%+-]*?)?\s*([-+]?)\s*([\d.,][\d.,' ]*?|\d)(?:[.,](-{1,2}))?\s*([-+]?)\s*([^\d\s.,'()%+-][^\d,'()%+]*?)?\s*([-+]?)$/;

/**
 * Reads an amount as people and tools write it: `1.299,00`, `1,299.00`, `1 299,00`, `1'299.00`, `12,34,567.00`,
 * `€49.90`, `19,99 EUR`, `(12.00)`, `-19.99`, `19.99-`, `5,-`. A single mark before exactly three digits is ambiguous
 * unless the digits before it rule thousands out (`0.125`, `1234.567`).
 * @param mark the column's decimal mark, for ambiguous ones
 * @returns undefined for anything else, or more than 15 digits before or 12 after the mark
 */
export function parseAmount(text: string, mark?: DecimalMark): Amount | undefined {
  const trimmed = text.trim();
  if (PLAIN.test(trimmed)) {
    const shown = trimmed.includes(".") ? "." : undefined;
    return {
      kind: "amount",
      amount: exact(trimmed, "", shown) ?? "0",
      currency: undefined,
      mark: shown,
    };
  }
  if (trimmed.length > 100) return undefined;
  const parts = takeApart(trimmed);
  if (parts === undefined) return undefined;
  const { sign, number, currency } = parts;
  const shown = markOf(number);
  if (shown === "unreadable") return undefined;
  if (shown === "ambiguous" && mark === undefined) {
    const point = exact(number, sign, ".");
    const comma = exact(number, sign, ",");
    if (point === undefined || comma === undefined) return undefined;
    return { kind: "ambiguous", readings: { ".": point, ",": comma }, currency };
  }
  const amount = exact(number, sign, shown === "ambiguous" ? mark : shown);
  if (amount === undefined) return undefined;
  return {
    kind: "amount",
    amount,
    currency,
    mark: shown === "ambiguous" ? undefined : evident(number, shown),
  };
}

interface Parts {
  readonly sign: "" | "-";
  readonly number: string;
  readonly currency: string | undefined;
}

function takeApart(given: string): Parts | undefined {
  let text = given
    .replaceAll(SPACES, " ")
    .replaceAll(APOSTROPHES, "'")
    .replaceAll(MINUSES, "-")
    .trim();
  // Accountants put what is below 0 in parentheses, the currency inside or outside.
  const inside = /^([^\d()]*)\(([^()]*)\)([^\d()]*)$/.exec(text);
  if (inside !== null) text = `${inside[1] ?? ""}${inside[2] ?? ""}${inside[3] ?? ""}`;
  const found = PARTS.exec(text);
  if (found === null) return undefined;
  const [, first = "", before, second = "", number = "", , third = "", after, fourth = ""] = found;
  const signs = first + second + third + fourth;
  if (signs.length > 1 || (inside !== null && signs !== "")) return undefined;
  const currencies = [before?.trim(), after?.trim()].filter(
    (one) => one !== undefined && one !== "",
  );
  if (currencies.length > 1 && currencies[0]?.toUpperCase() !== currencies[1]?.toUpperCase()) {
    return undefined;
  }
  const sign = inside !== null || signs === "-" ? "-" : "";
  return { sign, number: number.trim(), currency: currencies[0] };
}

/** The decimal mark of a number's digits and marks, by themselves; undefined for a whole number. */
function markOf(number: string): DecimalMark | "ambiguous" | "unreadable" | undefined {
  const point = number.lastIndexOf(".");
  const comma = number.lastIndexOf(",");
  if (point < 0 && comma < 0) return undefined;
  const last = point > comma ? "." : ",";
  const at = Math.max(point, comma);
  const isAlone = number.indexOf(last) === at;
  if (point >= 0 && comma >= 0) return isAlone ? last : "unreadable";
  // Several of one kind separate thousands.
  if (!isAlone) return undefined;
  const before = number.slice(0, at);
  if (number.length - at - 1 !== 3 || /[' ]/.test(before)) return last;
  return /^[1-9]\d{0,2}$/.test(before) ? "ambiguous" : last;
}

/** The decimal mark that a number gives away: also by its thousands, as in `1,299,000`. */
function evident(number: string, mark: DecimalMark | undefined): DecimalMark | undefined {
  if (mark !== undefined) return mark;
  if (number.includes(",")) return ".";
  return number.includes(".") ? "," : undefined;
}

/** Thousands in threes, or as in India in twos before the last three; by one kind of separator. */
const GROUPED = /^\d{1,3}(?:([.,' ])\d{3}(?:\1\d{3})*)?$|^\d{1,2}(?:,\d\d)+,\d{3}$/;

function exact(number: string, sign: string, mark: DecimalMark | undefined): string | undefined {
  const at = mark === undefined ? -1 : number.lastIndexOf(mark);
  const before = at < 0 ? number : number.slice(0, at);
  const fraction = at < 0 ? "" : number.slice(at + 1);
  if (!/^\d*$/.test(fraction)) return undefined;
  if (
    !/^\d*$/.test(before) &&
    (!GROUPED.test(before) || (mark !== undefined && before.includes(mark)))
  ) {
    return undefined;
  }
  const whole = before.replaceAll(/\D/g, "").replace(/^0+(?=\d)/, "");
  const rest = fraction.replace(/0+$/, "");
  if (whole === "" && fraction === "") return undefined;
  if (whole.length > EVENT_LIMITS.valueIntegerDigits || rest.length > MONEY_DIGITS)
    return undefined;
  const plain = `${whole === "" ? "0" : whole}${rest === "" ? "" : `.${rest}`}`;
  return plain === "0" ? plain : sign + plain;
}
