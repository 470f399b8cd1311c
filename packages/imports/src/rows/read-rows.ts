import type { Mapping } from "../mapping/mapping.ts";
import type { Look } from "../mapping/look.ts";
import { DayRows, type DayRow } from "./day-row.ts";
import { EventRows, type RowEvent } from "./event-row.ts";
import type { RefusedCell } from "./refused.ts";

/** A row as it would be; undefined where the mapping leaves it out. */
export interface ReadRow {
  readonly line: number;
  readonly row: RowEvent | DayRow | RefusedCell | undefined;
}

/**
 * The first rows of a file as a mapping makes them, without IDs.
 * @throws ImportError `mapping` for a column that the file does not have
 */
export function readRows({ first, names }: Look, mapping: Mapping): ReadRow[] {
  if (mapping.kind === "events") {
    const rows = new EventRows(mapping, names);
    return first.map(({ line, cells }) => ({ line, row: rows.read(cells) }));
  }
  const rows = new DayRows(mapping.kind, mapping, names);
  return first.map(({ line, cells }) => ({ line, row: rows.read(cells, line) }));
}
