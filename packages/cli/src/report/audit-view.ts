import type { Audit } from "@tributary/reports/answers";
import { safeText } from "../terminal/terminal.ts";
import { counted, figure } from "../terminal/figures.ts";

/** An audit in words: the number of compared conversions, and the described differences. */
export function renderAudit(audit: Audit): string {
  const { compared, agreed, different, differences, notComparable } = audit;
  if (compared === 0) return "No conversions yet.";
  const lines = [
    `${counted(compared, "conversion")} compared with a recomputation from their facts: ${figure(agreed)} agree.`,
  ];
  if (notComparable.late > 0) {
    lines.push(
      `${figure(notComparable.late)} may rightly differ: a fact arrived later than the allowed lateness.`,
    );
  }
  if (different === 0) return [...lines, "No differences."].join("\n");
  lines.push(
    `${figure(different)} differ${different === differences.length ? "" : ", the first"}:`,
  );
  for (const { conversion, userKey, difference } of differences) {
    lines.push(`  ${safeText(conversion)} of ${safeText(userKey)}: ${safeText(difference)}`);
  }
  return lines.join("\n");
}
