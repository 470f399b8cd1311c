import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { describeError } from "@tributary/platform/errors";
import { CliError } from "../errors.ts";
import { safeText } from "../terminal/terminal.ts";
import type { Rejected } from "./sources/source-item.ts";

/** Most items on a terminal. */
const SHOWN = 20;
/** Most items kept, for `--json`: one object must not grow without bound. */
const KEPT = 100_000;

/** Collects the refused events, and writes all of them to the file of `--rejects`, one JSON object per line. */
export class Rejections {
  readonly #kept: Rejected[] = [];
  readonly #file: WriteStream | undefined;
  #count = 0;
  #failure: Error | undefined;

  /** @param path of `--rejects`; an existing file is replaced */
  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = createWriteStream(path);
    this.#file.on("error", (error) => {
      this.#failure = error;
    });
  }

  get count(): number {
    return this.#count;
  }

  /** In the order of their lines, at most 100,000. */
  get items(): readonly Rejected[] {
    return this.#kept.toSorted((a, b) => a.line - b.line);
  }

  add(items: readonly Rejected[]): void {
    for (const item of items) {
      this.#count += 1;
      if (this.#kept.length < KEPT) this.#kept.push(item);
      this.#file?.write(`${JSON.stringify(item)}\n`);
    }
  }

  /** @throws CliError `file` where they could not be written */
  async close(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    file.end();
    if (!file.closed && this.#failure === undefined) {
      await Promise.race([once(file, "close"), once(file, "error")]);
    }
    if (this.#failure !== undefined) {
      throw new CliError("file", `--rejects ${String(file.path)}: ${describeError(this.#failure)}`);
    }
  }

  /** The first twenty by line, for a person; empty where none was refused. */
  describe(): string {
    const lines = this.items
      .slice(0, SHOWN)
      .map(({ line, field, reason }) => `  line ${line}: ${safeText(field)}: ${safeText(reason)}`);
    const more = this.#count - lines.length;
    if (more > 0) lines.push(`  … and ${more} more; --rejects FILE writes all of them`);
    return lines.join("\n");
  }
}
