import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, mkdtempSync } from "node:fs";
import { open, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { pipeline, type Readable } from "node:stream";
import { pipeline as pipelineDone } from "node:stream/promises";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { describeError, describeFileError } from "@tributary/platform/errors";
import { CliError } from "../../errors.ts";

/** Read at a time. */
const CHUNK_BYTES = 256 * 1024;

/** Compressed files, by their last extension. */
const DECOMPRESSORS: Readonly<Record<string, () => ReturnType<typeof createGunzip>>> = {
  ".gz": createGunzip,
  ".zst": createZstdDecompress,
};

/** A file's name without the extension of its compression. */
export function plainName(path: string): string {
  const extension = extname(path);
  return extension.toLowerCase() in DECOMPRESSORS ? path.slice(0, -extension.length) : path;
}

/** A file's content, decompressed where its name ends in `.gz` or `.zst`. */
export function openContent(path: string): Readable {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const decompress = DECOMPRESSORS[extname(path).toLowerCase()];
  if (decompress === undefined) return file;
  // The stream's reader gets the error; the callback does not need it.
  return pipeline(file, decompress(), () => undefined);
}

/**
 * Size of a regular file's content, bytes; a compressed one is read through for it.
 * @throws CliError `file` naming it and why it cannot be read
 */
export async function contentSize(path: string): Promise<number> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new CliError("file", `${path} is not a file`);
    const handle = await open(path, "r");
    await handle.close();
    if (plainName(path) === path) return info.size;
    let size = 0;
    for await (const chunk of openContent(path)) size += (chunk as Buffer).length;
    return size;
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = describeFileError(error);
    throw new CliError("file", `${path} cannot be read: ${reason}`);
  }
}

/** The first bytes of a file's content as text, for telling formats apart. */
export async function readStart(path: string, bytes: number): Promise<string> {
  const content = openContent(path);
  for await (const chunk of content) return (chunk as Buffer).toString("utf8", 0, bytes);
  return "";
}

/** First eight hexadecimal digits of the SHA-256 of a file's content. Cost: one read of the file, 1 ms/MB. */
export async function contentPrefix(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of openContent(path)) hash.update(chunk as Buffer);
  return hash.digest("hex").slice(0, 8);
}

/** IDs for events that have none: the same file gives the same, and they sort as its lines do. */
export function lineId(prefix: string, line: number): string {
  return `${prefix}-${String(line).padStart(12, "0")}`;
}

/**
 * Keeps standard input in a temporary file: IDs are made of the whole content, before the first event is read.
 * @returns its path, and how to remove it
 */
export async function keepInput(
  input: Readable,
): Promise<{ path: string; remove: () => Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), "tributary-input-"));
  const remove = async (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, "input");
  try {
    await pipelineDone(input, createWriteStream(path, { mode: 0o600 }));
  } catch (error) {
    await remove();
    throw new CliError(
      "file",
      `standard input cannot be kept in ${folder}: ${describeError(error)}`,
    );
  }
  return { path, remove };
}
