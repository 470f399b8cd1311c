/** Checks the rows of a file of spend or rates. */
import type { Mapping } from "../mapping/mapping.ts";
import type { RowSource } from "../mapping/look.ts";
import { DayRows, type DayRow } from "../rows/day-row.ts";
import { isRefused, type RefusedRow } from "../rows/refused.ts";
import { ImportError } from "../errors.ts";

/** Most rows of spend or rates that an import takes. */
export const MAX_DAY_ROWS = 100_000;

/**
 * Reads a file to its end.
 * @throws ImportError `mapping` for a column that the file does not have, `file` for more rows than {@link MAX_DAY_ROWS}
 */
export async function checkDays(
  kind: "spend" | "rates",
  source: RowSource,
  mapping: Mapping,
): Promise<{ rows: DayRow[]; refused: RefusedRow[] }> {
  const reader = new DayRows(kind, mapping, source.columns);
  const rows: DayRow[] = [];
  const refused: RefusedRow[] = [];
  for await (const chunk of source.rows()) {
    for (const { line, cells, problem } of chunk) {
      const row =
        problem === undefined
          ? reader.read(cells, line)
          : { column: "", value: "", reason: problem };
      if (isRefused(row)) refused.push({ line, cells, ...row });
      else rows.push(row);
    }
    if (rows.length + refused.length > MAX_DAY_ROWS) {
      throw new ImportError(
        "file",
        `the file has more than ${MAX_DAY_ROWS} rows: import it in parts`,
      );
    }
  }
  return { rows, refused };
}
