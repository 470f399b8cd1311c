import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { pipeline, Readable, type Transform } from "node:stream";
import { createGunzip, createInflateRaw, createZstdDecompress } from "node:zlib";
import { ImportError } from "../errors.ts";
import type { Compression } from "./table.ts";
import { findZipEntry, type ZipEntry } from "./zip.ts";

/** A file by its path, or its bytes. */
export type TableSource = string | Uint8Array;

/** Read at a time. */
const CHUNK_BYTES = 256 * 1024;

/** A file's bytes, unpacked. */
export interface Content {
  readonly name: string;
  readonly compression: Compression;
  /** True for a spreadsheet of Office Open XML. */
  readonly isSpreadsheet: boolean;
  /** Size on disk, bytes. */
  readonly size: number;
  /** The unpacked bytes, from the start; a call each. @throws ImportError `file` where they cannot be read or unpacked */
  readonly chunks: () => AsyncGenerator<Buffer>;
  /** The bytes as they are on disk. */
  readonly whole: () => Promise<Buffer>;
}

/** Formats that are no table as text, by their first bytes, and the advice. */
const OTHERS: readonly (readonly [string, string])[] = [
  ["504152 31", "a Parquet file; export it as CSV or JSON lines"],
  ["d0cf11e0", "an old Excel workbook (.xls); save it as .xlsx or CSV"],
  ["25504446", "a PDF; export the table as CSV"],
  ["425a68", "compressed with bzip2; unpack it, or compress it with gzip or zstd"],
  ["fd377a58", "compressed with xz; unpack it, or compress it with gzip or zstd"],
  ["377abcaf", "a 7z archive; unpack it"],
  ["4f626a01", "an Avro file; export it as CSV or JSON lines"],
];

/**
 * Opens a file: gzip, zstd and zip (with one file in it) are recognized by their first bytes, not by the name.
 * @param called its name in messages, where it has no path
 * @throws ImportError `file` where it cannot be read, or is a format that is not taken
 */
export async function openContent(source: TableSource, called = "the file"): Promise<Content> {
  const name = typeof source === "string" ? source : called;
  const { size, start } = await lookAt(source, name);
  const magic = start.toString("hex");
  for (const [bytes, advice] of OTHERS) {
    if (magic.startsWith(bytes.replaceAll(" ", "")))
      throw new ImportError("file", `${name} is ${advice}`);
  }
  const whole = async (): Promise<Buffer> => readRange(source, 0, size);
  const of = (compression: Compression, stream: () => Readable): Content => ({
    name,
    compression,
    isSpreadsheet: false,
    size,
    chunks: () => readChunks(name, stream),
    whole,
  });
  const plain = (): Readable => rangeStream(source, 0, size);
  if (magic.startsWith("1f8b")) return of("gzip", () => through(plain(), createGunzip()));
  if (magic.startsWith("28b52ffd"))
    return of("zstd", () => through(plain(), createZstdDecompress()));
  if (!magic.startsWith("504b0304")) return of("none", plain);
  const entry = await findZipEntry(name, size, async (from, to) => readRange(source, from, to));
  if (entry === "spreadsheet") return { ...of("none", plain), isSpreadsheet: true };
  return of("zip", () => unzip(source, entry));
}

function unzip(source: TableSource, { start, bytes, isDeflated }: ZipEntry): Readable {
  const packed = rangeStream(source, start, start + bytes);
  return isDeflated ? through(packed, createInflateRaw()) : packed;
}

function through(from: Readable, unpack: Transform): Readable {
  // The stream's reader gets the error; the callback does not need it.
  pipeline(from, unpack, () => undefined);
  return unpack;
}

function rangeStream(source: TableSource, from: number, to: number): Readable {
  if (to <= from) return Readable.from([]);
  if (typeof source === "string") {
    return createReadStream(source, { start: from, end: to - 1, highWaterMark: CHUNK_BYTES });
  }
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.byteLength).subarray(from, to);
  return Readable.from(slices(bytes));
}

function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

async function* readChunks(name: string, open: () => Readable): AsyncGenerator<Buffer> {
  const stream = open();
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    throw unreadable(name, error);
  } finally {
    stream.destroy();
  }
}

async function lookAt(
  source: TableSource,
  name: string,
): Promise<{ readonly size: number; readonly start: Buffer }> {
  if (typeof source !== "string") {
    return { size: source.byteLength, start: Buffer.from(source.subarray(0, 16)) };
  }
  try {
    const info = await stat(source);
    if (!info.isFile()) throw new ImportError("file", `${name} is not a file`);
    return { size: info.size, start: await readRange(source, 0, Math.min(16, info.size)) };
  } catch (error) {
    throw unreadable(name, error);
  }
}

async function readRange(source: TableSource, from: number, to: number): Promise<Buffer> {
  if (typeof source !== "string") return Buffer.from(source.subarray(from, to));
  const handle = await open(source, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, to - from));
    let read = 0;
    while (read < bytes.length) {
      const { bytesRead } = await handle.read(bytes, read, bytes.length - read, from + read);
      if (bytesRead === 0) break;
      read += bytesRead;
    }
    return bytes.subarray(0, read);
  } finally {
    await handle.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file",
  EACCES: "there is no permission to read it",
  EISDIR: "it is a folder",
  Z_BUF_ERROR: "it breaks off: its compressed content is incomplete",
  Z_DATA_ERROR: "its compressed content is damaged",
};

function unreadable(name: string, error: unknown): ImportError {
  if (error instanceof ImportError) return error;
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const reason = REASONS[code] ?? (error instanceof Error ? error.message : String(error));
  return new ImportError("file", `${name} cannot be read: ${reason}`);
}
