/** Why a row was not taken. */
export interface RefusedCell {
  /** The column at fault; empty where it is the row as a whole. */
  readonly column: string;
  /** What the cell holds. */
  readonly value: string;
  /** What was expected. */
  readonly reason: string;
}

/** A row that was not taken. */
export interface RefusedRow extends RefusedCell {
  /** Line in the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

export function isRefused(row: object): row is RefusedCell {
  return "reason" in row;
}
