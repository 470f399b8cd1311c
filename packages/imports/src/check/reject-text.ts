/** The text of a reject file: CSV with the file's own columns, and why each row was not taken. */
import { OWN_PREFIX, REJECT_COLUMNS } from "../mapping/mapping.ts";
import type { RefusedRow } from "../rows/refused.ts";

/** Writes the lines of a reject file. A mended one can be imported again: its own columns are passed over. */
export class RejectText {
  /** Places of the file's own columns: a reject file that is imported again has others. */
  readonly #places: readonly number[];
  /** With its end of line. */
  readonly header: string;

  /** @param columns of the file */
  constructor(columns: readonly string[]) {
    this.#places = columns
      .map((name, place) => ({ name, place }))
      .filter(({ name }) => !name.startsWith(OWN_PREFIX))
      .map(({ place }) => place);
    this.header = csvLine([
      ...this.#places.map((place) => columns[place] ?? ""),
      ...REJECT_COLUMNS,
    ]);
  }

  /** A row's line, with its end. */
  line({ line, cells, column, value, reason }: RefusedRow): string {
    const own = this.#places.map((place) => cells[place] ?? "");
    return csvLine([...own, String(line), column, value, reason]);
  }
}

const SPECIAL = /[",\r\n]|^\s|\s$/;

/** RFC 4180. */
function csvLine(cells: readonly string[]): string {
  const quoted = cells.map((cell) =>
    SPECIAL.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell,
  );
  return `${quoted.join(",")}\r\n`;
}
