import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALL_KINDS } from "../../src/doctor/kinds.ts";

const PAGE = join(import.meta.dirname, "../../../../docs/doctor.md");
const [BEGIN, END] = ["<!-- findings -->", "<!-- /findings -->"];

/** The page with the table of findings as the code has them. */
function page(text: string): string {
  const rows = Object.entries(ALL_KINDS).map(([code, { severity, meaning, remedy }]) => [
    `\`${code}\``,
    severity,
    meaning,
    remedy,
  ]);
  const all = [["code", "severity", "what it means", "what mends it"], ...rows];
  const widths = [0, 1, 2, 3].map((i) => Math.max(...all.map((cells) => (cells[i] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all.map(line);
  const rule = `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`;
  const before = text.slice(0, text.indexOf(BEGIN) + BEGIN.length);
  return [before, "", head, rule, ...body, "", text.slice(text.indexOf(END))].join("\n");
}

test("docs/doctor.md has every finding (`npx vitest run doctor/page -u` writes it)", async () => {
  await expect(page(readFileSync(PAGE, "utf8"))).toMatchFileSnapshot(PAGE);
});
