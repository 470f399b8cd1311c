import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { CliError, describeError, systemCode } from "../errors.ts";

/** Read at a time. */
export const CHUNK_BYTES = 256 * 1024;

/**
 * Size of a regular file, bytes.
 * @throws CliError `file` naming it and why it cannot be read
 */
export async function fileSize(path: string): Promise<number> {
  try {
    const info = await stat(path);
    if (!info.isFile()) throw new CliError("file", `${path} is not a file`);
    const handle = await open(path, "r");
    await handle.close();
    return info.size;
  } catch (error) {
    if (error instanceof CliError) throw error;
    const reason = systemCode(error) === "ENOENT" ? "there is no such file" : describeError(error);
    throw new CliError("file", `${path} cannot be read: ${reason}`);
  }
}

/** The first bytes of a file as text, for telling formats apart. */
export async function readStart(path: string, bytes: number): Promise<string> {
  const handle = await open(path, "r");
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(bytes), 0, bytes, 0);
    return buffer.toString("utf8", 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** First eight hexadecimal digits of the SHA-256 of a file's content. Cost: one read of the file, 1 ms/MB. */
export async function contentPrefix(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(chunk as Buffer);
  }
  return hash.digest("hex").slice(0, 8);
}

/** IDs for events that have none: the same file gives the same, and they sort as its lines do. */
export function lineId(prefix: string, line: number): string {
  return `${prefix}-${String(line).padStart(12, "0")}`;
}
