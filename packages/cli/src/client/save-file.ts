import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { describeError, systemCode } from "@tributary/platform/errors";
import { CliError } from "../errors.ts";

/**
 * Writes a stream to a file, or to standard output. A file gets its name once it is whole; an incomplete one is removed.
 * @param path undefined for standard output
 * @throws CliError `file` where it cannot be written, `refused` where the source is cut off; the signal's reason after an abort
 */
export async function saveStream(
  source: Readable,
  path: string | undefined,
  signal: AbortSignal,
): Promise<void> {
  const part = `${path ?? ""}.part`;
  try {
    if (path === undefined) {
      // Standard output stays open for later lines.
      await pipeline(source, process.stdout, { end: false, signal });
      return;
    }
    await pipeline(source, createWriteStream(part), { signal });
    await rename(part, path);
  } catch (error) {
    if (path !== undefined) await rm(part, { force: true });
    signal.throwIfAborted();
    if (systemCode(error) === "EPIPE") return;
    const isFile = ["EACCES", "ENOENT", "ENOSPC", "EISDIR", "EROFS", "ENOTDIR"].includes(
      systemCode(error) ?? "",
    );
    throw isFile
      ? new CliError("file", `${path ?? "standard output"}: ${describeError(error)}`)
      : new CliError(
          "refused",
          `the answer is incomplete, the connection broke: ${describeError(error)}`,
        );
  }
}

/** Writes a text to a file, as {@link saveStream} does. */
export async function saveText(text: string, path: string, signal: AbortSignal): Promise<void> {
  await saveStream(Readable.from([text]), path, signal);
}
