/** Which rows of a file earlier imports have brought. */
import { Buffer } from "node:buffer";
import { ROW_BYTES } from "../rows/row-identity.ts";

/** Most rows that a ledger is asked about at once, or that are noted at once. */
export const LEDGER_ROWS = 65_536;

/** Rows that imports have brought, of one tenant; each row has {@link ROW_BYTES}. */
export interface Ledger {
  /** The known ones of at most {@link LEDGER_ROWS}, by their place. */
  readonly find: (rows: Buffer) => Promise<readonly KnownRow[]>;
  /** Notes at most {@link LEDGER_ROWS} that the gateway has accepted. */
  readonly record: (rows: Buffer) => Promise<void>;
}

export interface KnownRow {
  /** From 0. */
  readonly place: number;
  /** Whether its content is what it was. */
  readonly same: boolean;
}

const NEW = 0;
const PRESENT = 1;
const DIFFERING = 2;

/** The rows of a file by what the ledger knows of them. */
export class KnownRows {
  readonly #states: Uint8Array;
  /** Rows that are there. */
  readonly present: number;
  /** Rows that are there with other content; present ones, too. */
  readonly differing: number;

  private constructor(states: Uint8Array) {
    this.#states = states;
    this.present = states.filter((state) => state !== NEW).length;
    this.differing = states.filter((state) => state === DIFFERING).length;
  }

  /** @param rows of the whole file, {@link ROW_BYTES} each, in any pieces */
  static async find(rows: readonly Buffer[], find: Ledger["find"]): Promise<KnownRows> {
    const count = rows.reduce((sum, piece) => sum + piece.length, 0) / ROW_BYTES;
    const states = new Uint8Array(count);
    let from = 0;
    for (const piece of pieces(rows)) {
      for (const { place, same } of await find(piece)) {
        states[from + place] = same ? PRESENT : DIFFERING;
      }
      from += piece.length / ROW_BYTES;
    }
    return new KnownRows(states);
  }

  /** @param place among the rows of the file, from 0 */
  isNew(place: number): boolean {
    return this.#states[place] === NEW;
  }

  isDiffering(place: number): boolean {
    return this.#states[place] === DIFFERING;
  }
}

/** The same bytes in pieces of at most {@link LEDGER_ROWS}. */
export function* pieces(rows: readonly Buffer[]): Generator<Buffer> {
  const most = LEDGER_ROWS * ROW_BYTES;
  let open: Buffer[] = [];
  let length = 0;
  for (const piece of rows) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + most - length);
      open.push(part);
      length += part.length;
      at += part.length;
      if (length < most) continue;
      yield Buffer.concat(open);
      open = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.concat(open);
}
