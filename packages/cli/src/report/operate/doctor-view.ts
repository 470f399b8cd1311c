import { ALL_KINDS, type AnyFinding } from "../../doctor/kinds.ts";
import { counted } from "../../terminal/figures.ts";
import { safeText } from "../../terminal/terminal.ts";

/** What a look found, and what was mended of it. */
export interface Diagnosis {
  readonly findings: readonly (AnyFinding & {
    readonly severity: "fault" | "warning";
    readonly meaning: string;
    readonly remedy: string;
  })[];
  readonly mended: readonly { readonly code: string; readonly done: string }[];
}

/** Findings with what they mean, and what mends them. */
export function diagnosisOf(
  findings: readonly AnyFinding[],
  mended: Diagnosis["mended"],
): Diagnosis {
  const explained = findings.map((finding) => {
    const { severity, meaning, remedy } = ALL_KINDS[finding.code];
    return { ...finding, severity, meaning, remedy };
  });
  const faultsFirst = explained.toSorted(
    (a, b) => Number(a.severity === "warning") - Number(b.severity === "warning"),
  );
  return { findings: faultsFirst, mended };
}

/** A diagnosis for the screen: a paragraph a kind of finding, faults first. */
export function renderDiagnosis({ findings, mended }: Diagnosis): string {
  const parts = mended.map(({ code, done }) => `mended   ${code}: ${safeText(done)}`);
  for (const [code, of] of Map.groupBy(findings, (finding) => finding.code)) {
    const [first] = of;
    if (first === undefined) continue;
    const { severity, meaning, remedy } = first;
    parts.push(
      [
        `${severity.padEnd(8)} ${code}`,
        ...of.map(({ subject, detail }) => `         ${safeText(subject)}: ${safeText(detail)}`),
        `         ${meaning}`,
        `         To mend it: ${remedy}.`,
      ].join("\n"),
    );
  }
  const faults = findings.filter(({ severity }) => severity === "fault").length;
  const rest = findings.length - faults;
  parts.push(
    findings.length === 0
      ? "Nothing is wrong."
      : `${counted(faults, "fault")}, ${counted(rest, "warning")}.`,
  );
  return parts.join("\n\n");
}
