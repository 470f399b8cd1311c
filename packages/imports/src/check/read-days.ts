import { ImportError } from "../errors.ts";
import type { TableSource } from "../file/content.ts";
import { openTable } from "../file/open-table.ts";
import { lookAt } from "../mapping/look.ts";
import { propose } from "../mapping/propose.ts";
import { applyPreset, findPreset } from "../presets/apply-preset.ts";
import type { DayRow } from "../rows/day-row.ts";
import type { RefusedRow } from "../rows/refused.ts";
import { checkDays } from "./check-days.ts";

/** A file of spend or rates. */
export interface DayFile {
  readonly rows: readonly DayRow[];
  readonly refused: readonly RefusedRow[];
  /** Columns that fill nothing, each once. */
  readonly unmapped: readonly string[];
  /** Titles, totals and footers. */
  readonly skipped: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * Reads a whole file of spend or rates where nobody can be asked: by the preset that recognizes it, else by the names of
 * its columns.
 * @param name of the file in messages
 * @throws ImportError `file` for a file that is no table; `mapping` for what must be decided, such as a missing column,
 * the order of day and month, or the currency
 */
export async function readDays(
  kind: "spend" | "rates",
  source: TableSource,
  name: string,
): Promise<DayFile> {
  const opened = await openTable(source, { name });
  const preset = findPreset(opened.columns, kind);
  const { table, choices } =
    preset === undefined ? { table: opened, choices: {} } : applyPreset(opened, preset);
  const { mapping, open, unmapped } = propose(await lookAt(table), { ...choices, kind });
  if (open.length > 0) {
    const questions = open.map(({ question, choices: allowed }) =>
      allowed.length === 0 || question.includes(allowed[0] ?? "")
        ? question
        : `${question} (${allowed.join(", ")})`,
    );
    throw new ImportError("mapping", `${name}: ${questions.join(" ")}`);
  }
  return { ...(await checkDays(kind, table, mapping)), unmapped, skipped: table.skipped };
}
