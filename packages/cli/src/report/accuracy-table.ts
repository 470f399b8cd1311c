import type { AccuracyReport, Check } from "@tributary/lab";
import { safeText } from "../terminal/terminal.ts";
import { figure } from "../terminal/figures.ts";
import { plainTable } from "./table.ts";

const DIGITS = 12;

/** A row for each check, and the number of failures. */
export function renderAccuracy(
  checks: readonly Check[],
  { cases, failed, maxRelativeError }: AccuracyReport,
): string {
  const head = ["source", "figure", "", "expected", "got", "difference"];
  const rows = checks.map((check) => [
    safeText(check.source),
    safeText(check.figure),
    check.failed ? "FAILED" : "",
    exactly(check.expected),
    exactly(check.got),
    (check.got - check.expected).toExponential(1),
  ]);
  const verdict =
    failed === 0
      ? `All ${figure(cases)} figures agree`
      : `${figure(failed)} of ${figure(cases)} failed`;
  return `${plainTable(head, 3, rows, false)}\n\n${verdict}; the greatest relative error is ${maxRelativeError.toExponential(1)}.`;
}

function exactly(value: number): string {
  return String(Number(value.toPrecision(DIGITS)));
}
