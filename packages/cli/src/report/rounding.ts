/** Rounding for display, such that a column still adds up. */
import { MONEY_DIGITS } from "@tributary/protocol";

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
const SCALE_DIGITS = MONEY_DIGITS;

/** Decimal text as an integer count of 10^-12; digits beyond are cut off. */
export function unitsOf(text: string): bigint {
  const match = DECIMAL.exec(text);
  if (match === null) throw new RangeError(`not a decimal: ${text}`);
  const fraction = (match[3] ?? "").slice(0, SCALE_DIGITS).padEnd(SCALE_DIGITS, "0");
  const units = BigInt((match[2] ?? "0") + fraction);
  return match[1] === "-" ? -units : units;
}

/** A conversion count (a sum of shares) as units of 10^-12, by its digits. */
export function unitsOfNumber(value: number): bigint {
  return unitsOf(value.toFixed(SCALE_DIGITS));
}

/**
 * Rounds a column to `digits` after the point so that it sums to its total, rounded (half up): each cell is rounded
 * down, and the largest remainders take the units that are missing, ties to the earlier row.
 * @param units of 10^-12
 * @returns units of 10^-digits, and their sum
 * Source: the largest-remainder (Hamilton) method.
 */
export function roundColumn(
  units: readonly bigint[],
  digits: number,
): { readonly cells: bigint[]; readonly total: bigint } {
  const step = 10n ** BigInt(SCALE_DIGITS - digits);
  const cells = units.map((value) => floorDivide(value, step));
  const sum = units.reduce((a, b) => a + b, 0n);
  const total = floorDivide(sum + step / 2n, step);
  let missing = Number(total - cells.reduce((a, b) => a + b, 0n));
  const order = units
    .map((value, row) => ({ row, remainder: value - (cells[row] ?? 0n) * step }))
    .sort((a, b) =>
      a.remainder === b.remainder ? a.row - b.row : a.remainder < b.remainder ? 1 : -1,
    );
  for (const { row } of order) {
    if (missing <= 0) break;
    cells[row] = (cells[row] ?? 0n) + 1n;
    missing -= 1;
  }
  return { cells, total };
}

function floorDivide(value: bigint, step: bigint): bigint {
  const quotient = value / step;
  return value < 0n && quotient * step !== value ? quotient - 1n : quotient;
}

/** Units of 10^-digits with thousands separated: `-1,234.50`. */
export function formatUnits(units: bigint, digits: number): string {
  const text = (units < 0n ? -units : units).toString().padStart(digits + 1, "0");
  const whole = text.slice(0, text.length - digits).replace(/\B(?=(\d{3})+$)/g, ",");
  const fraction = digits === 0 ? "" : `.${text.slice(-digits)}`;
  return (units < 0n ? "-" : "") + whole + fraction;
}

/** Digits of a currency's minor unit (2 for EUR, 0 for JPY), from the runtime's Unicode data; 2 for an unknown currency. */
export function minorDigits(currency: string): number {
  if (!/^[A-Z]{3}$/.test(currency)) return 2;
  const { maximumFractionDigits } = new Intl.NumberFormat("en", {
    style: "currency",
    currency,
  }).resolvedOptions();
  return maximumFractionDigits ?? 2;
}
