import { Buffer } from "node:buffer";
import { mkdtemp, open, rm, type FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describeError } from "@tributary/platform/errors";
import type { EventBatch } from "@tributary/imports";
import { CliError } from "../errors.ts";

interface SpooledBatch {
  readonly at: number;
  readonly bytes: number;
  readonly rows: Buffer;
  readonly lines: readonly number[];
  /** Place of its first row among those of the file. */
  readonly from: number;
}

/**
 * The checked events of a file, packed, in a temporary file: what was checked is what is sent, also where the file changes meanwhile.
 * Memory: 32 bytes a row.
 */
export class BatchSpool {
  readonly #folder: string;
  readonly #file: FileHandle;
  readonly #batches: SpooledBatch[] = [];
  #bytes = 0;
  #rows = 0;

  private constructor(folder: string, file: FileHandle) {
    this.#folder = folder;
    this.#file = file;
  }

  /** @throws CliError `file` where no temporary file can be made */
  static async create(): Promise<BatchSpool> {
    try {
      const folder = await mkdtemp(join(tmpdir(), "tributary-import-"));
      return new BatchSpool(folder, await open(join(folder, "events"), "wx+", 0o600));
    } catch (error) {
      throw new CliError("file", `no temporary file can be made: ${describeError(error)}`);
    }
  }

  get batches(): number {
    return this.#batches.length;
  }

  /** Rows of all batches. */
  get length(): number {
    return this.#rows;
  }

  /** The rows of all batches, for the ledger. */
  get rows(): readonly Buffer[] {
    return this.#batches.map(({ rows }) => rows);
  }

  /** The lines of all rows, in their order. */
  *lines(): Generator<number> {
    for (const { lines } of this.#batches) yield* lines;
  }

  /** @throws CliError `file` where the disk has no room */
  async add({ body, rows, lines }: EventBatch): Promise<void> {
    try {
      await this.#file.write(body, 0, body.length, this.#bytes);
    } catch (error) {
      throw new CliError("file", `${this.#folder} cannot be written: ${describeError(error)}`);
    }
    this.#batches.push({ at: this.#bytes, bytes: body.length, rows, lines, from: this.#rows });
    this.#bytes += body.length;
    this.#rows += lines.length;
  }

  async read(index: number): Promise<EventBatch & { readonly from: number }> {
    const batch = this.#batches[index];
    if (batch === undefined) throw new RangeError(`there is no batch ${index}`);
    const { at, bytes, rows, lines, from } = batch;
    const body = Buffer.alloc(bytes);
    await this.#file.read(body, 0, bytes, at);
    return { body, rows, lines, from };
  }

  async remove(): Promise<void> {
    await this.#file.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
