import { textBar } from "@tributary/plots";
import type { Terminal } from "../terminal/terminal.ts";

/** A narrower bar tells nothing. */
const MIN_CHARACTERS = 8;
const MAX_CHARACTERS = 32;
const HEAD_LINES = 2;

/** Columns that tables may use for bars: those of a person's screen; 0 where the answer goes to a program. */
export function barColumns({ answerInteractive, columns }: Terminal): number {
  return answerInteractive ? columns : 0;
}

/**
 * Puts a bar behind each row of a table, where there is room.
 * @param table of one line a row, below a head of two lines @param values of the rows, in their order
 * @param columns of the screen; 0 for no bars
 */
export function withBars(table: string, values: readonly number[], columns: number): string {
  const lines = table.split("\n");
  const tableWidth = Math.max(...lines.map((line) => line.length));
  const room = Math.min(MAX_CHARACTERS, columns - tableWidth - 2);
  const most = Math.max(0, ...values);
  if (room < MIN_CHARACTERS || most === 0) return table;
  return lines
    .map((line, i) => {
      const bar = textBar(values[i - HEAD_LINES] ?? 0, most, room);
      return bar === "" ? line : `${line.padEnd(tableWidth)}  ${bar}`;
    })
    .join("\n");
}
