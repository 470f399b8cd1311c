import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { describeError } from "@tributary/platform/errors";
import { RejectText, type RefusedRow } from "@tributary/imports";
import { CliError } from "../errors.ts";

/** Most rows kept, for `--json`: one object must not grow without bound. */
const KEPT = 1000;

/** A refused row as `--json` has it. */
export type Refusal = Omit<RefusedRow, "cells">;

/** Collects the refused rows, and writes all of them to the reject file, which is made with the first of them. */
export class RejectFile {
  readonly path: string;
  readonly #text: RejectText;
  readonly #kept: Refusal[] = [];
  #file: WriteStream | undefined;
  #failure: Error | undefined;
  #count = 0;

  /** @param path an existing file is replaced @param columns of the imported file */
  constructor(path: string, columns: readonly string[]) {
    this.path = path;
    this.#text = new RejectText(columns);
  }

  get count(): number {
    return this.#count;
  }

  /** The first thousand. */
  get items(): readonly Refusal[] {
    return this.#kept;
  }

  add(row: RefusedRow): void {
    this.#count += 1;
    const { cells: _, ...refusal } = row;
    if (this.#kept.length < KEPT) this.#kept.push(refusal);
    if (this.#file === undefined) {
      this.#file = createWriteStream(this.path, { mode: 0o600 });
      this.#file.on("error", (error) => {
        this.#failure = error;
      });
      this.#file.write(this.#text.header);
    }
    this.#file.write(this.#text.line(row));
  }

  /** @throws CliError `file` where the rows could not be written */
  async close(): Promise<void> {
    if (this.#file === undefined) return;
    this.#file.end();
    try {
      await finished(this.#file);
    } catch (error) {
      this.#failure ??= error as Error;
    }
    if (this.#failure === undefined) return;
    throw new CliError("file", `--rejects ${this.path}: ${describeError(this.#failure)}`);
  }
}
