import { isUtf8 } from "node:buffer";
import { StringDecoder } from "node:string_decoder";
import { ImportError } from "../errors.ts";
import type { Content } from "./content.ts";
import type { Charset } from "./table.ts";

/** Bytes that are looked at for UTF-16 without a byte order mark. */
const LOOK_BYTES = 4096;

/** A text's charset, and how many characters of it are damaged. */
export interface DetectedCharset {
  readonly charset: Charset;
  /** Places that are no UTF-8 in a text that else is. */
  readonly damaged: number;
}

/** So many times as many characters must be UTF-8 as places are not, for those to be damage. */
const DAMAGE_RATIO = 10;

/**
 * The charset of a text: by its byte order mark; UTF-16 without one by its zero bytes; UTF-8 where every byte of the
 * file fits it, or nearly all that are not ASCII; else Windows-1252, which has all of Latin-1's letters.
 * Cost: one read of the file, some 1 ms/MB.
 * @throws ImportError `file` for zero bytes that are no UTF-16: the file is no text
 */
export async function detectCharset(content: Content): Promise<DetectedCharset> {
  let rest: Buffer = Buffer.alloc(0);
  let isFirst = true;
  let isUnbroken = true;
  for await (const chunk of content.chunks()) {
    if (isFirst) {
      const wide = utf16Of(content.name, chunk);
      if (wide !== undefined) return { charset: wide, damaged: 0 };
      isFirst = false;
    }
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = lastWhole(bytes);
    isUnbroken = isUtf8(bytes.subarray(0, end));
    if (!isUnbroken) break;
    rest = bytes.subarray(end);
  }
  if (isUnbroken && rest.length === 0) return { charset: "utf-8", damaged: 0 };
  return weigh(content);
}

/** Weighs the characters of UTF-8 against the bytes that are none. */
async function weigh(content: Content): Promise<DetectedCharset> {
  let damaged = 0;
  let whole = 0;
  for await (const { text } of decodeText(content.chunks(), "utf-8")) {
    for (const found of text.match(/[^\0-\x7f]/gu) ?? []) {
      if (found === "\ufffd") damaged += 1;
      else whole += 1;
    }
  }
  return whole >= damaged * DAMAGE_RATIO
    ? { charset: "utf-8", damaged }
    : { charset: "windows-1252", damaged: 0 };
}

function utf16Of(name: string, start: Buffer): Charset | undefined {
  if (start[0] === 0xff && start[1] === 0xfe) return "utf-16le";
  if (start[0] === 0xfe && start[1] === 0xff) return "utf-16be";
  const look = start.subarray(0, LOOK_BYTES);
  let even = 0;
  let odd = 0;
  for (let i = 0; i < look.length; i += 1) {
    if (look[i] !== 0) continue;
    if (i % 2 === 0) even += 1;
    else odd += 1;
  }
  if (even + odd === 0) return undefined;
  // Most characters of a table are ASCII: every second byte is zero, and hardly another.
  if (odd > look.length / 4 && even < odd / 20) return "utf-16le";
  if (even > look.length / 4 && odd < even / 20) return "utf-16be";
  throw new ImportError("file", `${name} is no text: it holds zero bytes; export the table as CSV`);
}

/** The end of the last whole character of UTF-8; at most three bytes are left. */
function lastWhole(bytes: Buffer): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) break;
    if (byte < 0xc0) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return length > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

/** Turns the chunks of a text into strings, without its byte order mark. */
export async function* decodeText(
  chunks: AsyncIterable<Buffer>,
  charset: Charset,
): AsyncGenerator<{ readonly text: string; readonly bytes: number }> {
  const decode = decoderOf(charset);
  let isFirst = true;
  for await (const chunk of chunks) {
    let text = decode(chunk);
    if (isFirst && text !== "") {
      isFirst = false;
      if (text.startsWith("\ufeff")) text = text.slice(1);
    }
    yield { text, bytes: chunk.length };
  }
  const last = decode(undefined);
  if (last !== "") yield { text: last, bytes: 0 };
}

/** @returns a function of the next chunk, or of undefined for the end */
function decoderOf(charset: Charset): (chunk: Buffer | undefined) => string {
  if (charset === "windows-1252") {
    const decoder = new TextDecoder("windows-1252");
    return (chunk) => (chunk === undefined ? "" : decoder.decode(chunk));
  }
  const decoder = new StringDecoder(charset === "utf-8" ? "utf8" : "utf16le");
  if (charset !== "utf-16be")
    return (chunk) => (chunk === undefined ? decoder.end() : decoder.write(chunk));
  let odd: Buffer = Buffer.alloc(0);
  return (chunk) => {
    if (chunk === undefined) return decoder.end();
    const bytes = Buffer.concat([odd, chunk]);
    const even = bytes.length - (bytes.length % 2);
    odd = bytes.subarray(even);
    return decoder.write(bytes.subarray(0, even).swap16());
  };
}
