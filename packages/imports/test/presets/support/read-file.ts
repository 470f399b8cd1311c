import { openTable } from "../../../src/file/open-table.ts";
import { lookAt } from "../../../src/mapping/look.ts";
import type { OpenQuestion } from "../../../src/mapping/inquiry.ts";
import { propose, type Choices } from "../../../src/mapping/propose.ts";
import { applyPreset, findPreset } from "../../../src/presets/apply-preset.ts";
import { DayRows, type DayRow } from "../../../src/rows/day-row.ts";
import { EventRows, type RowEvent } from "../../../src/rows/event-row.ts";
import { isRefused } from "../../../src/rows/refused.ts";

/** What a file means, by the preset that recognizes it. */
export interface ReadFile {
  readonly preset: string | undefined;
  readonly open: readonly OpenQuestion[];
  /** Events, or rows of spend, by their lines. */
  readonly rows: readonly (readonly [line: number, row: RowEvent | DayRow])[];
  readonly refused: readonly (readonly [line: number, reason: string])[];
}

/** Opens a file, proposes a mapping by its preset, and maps every row. */
export async function readFile(text: string | Buffer, given: Choices = {}): Promise<ReadFile> {
  const opened = await openTable(Buffer.from(text as string), { name: "file" });
  const preset = findPreset(opened.columns);
  if (preset === undefined) return { preset: undefined, open: [], rows: [], refused: [] };
  const { table, choices } = applyPreset(opened, preset);
  const { mapping, open } = propose(await lookAt(table), { ...choices, ...given });
  const rows: [number, RowEvent | DayRow][] = [];
  const refused: [number, string][] = [];
  const events = mapping.kind === "events" ? new EventRows(mapping, table.columns) : undefined;
  const days =
    mapping.kind === "events" ? undefined : new DayRows(mapping.kind, mapping, table.columns);
  for await (const batch of table.rows()) {
    for (const { line, cells, problem } of batch) {
      const row =
        problem === undefined
          ? (events?.read(cells) ?? days?.read(cells, line))
          : { reason: problem };
      if (row === undefined) continue;
      if (isRefused(row)) refused.push([line, row.reason]);
      else rows.push([line, row as RowEvent | DayRow]);
    }
  }
  return { preset: preset.name, open, rows, refused };
}
