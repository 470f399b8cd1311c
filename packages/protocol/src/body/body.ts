/**
 * JSON and NDJSON bodies brought into the msgpack form that {@link BatchScanner} reads, so that there is one validation.
 * {@link JsonToMsgpack} transcodes nearly all of them. `JSON.parse` reads the others, and explains those that are not JSON.
 */
import { Buffer } from "node:buffer";
import { Packr } from "msgpackr";
import { ProtocolError } from "../errors.ts";
import { wellFormedJson } from "./json/well-formed.ts";
import { JsonToMsgpack } from "./json/to-msgpack.ts";

// Plain maps, readable by every msgpack library: no record extension.
// Without toJSON: a sender may name a field so.
const packr = new Packr({ useRecords: false, variableMapSize: true, useToJSON: false });

const transcoder = new JsonToMsgpack();
const NEW_LINE = 0x0a;
/** Most bytes of a msgpack array's head: those of NDJSON's events are counted last. */
const HEAD_ROOM = 5;

/**
 * A JSON body (UTF-8) as msgpack.
 * @returns bytes that are valid until the next JSON or NDJSON body is packed
 * @throws ProtocolError `body_malformed` where it is not JSON, `body_empty` where there is nothing
 */
export function packJsonBody(body: Uint8Array): Uint8Array {
  const start = afterByteOrderMark(body);
  transcoder.open(body, 0);
  if (transcoder.value(start, body.length)) return transcoder.written(0);
  const text = textOf(body, start, body.length);
  if (text.trim() === "") throw new ProtocolError("body_empty", "the body is empty");
  return packValue(parseJson(text));
}

/** An NDJSON body as msgpack, and the lines that are not JSON. */
export interface PackedLines {
  /** Valid until the next JSON or NDJSON body is packed. */
  readonly body: Uint8Array;
  /** By index of the event: why its line could not be read. Such an event stands as nil in the body. */
  readonly broken: ReadonlyMap<number, string>;
}

/**
 * An NDJSON body (UTF-8; one event a line, blank lines passed over) as a msgpack array.
 * @param maxEvents lines above this number end the reading
 * @throws ProtocolError `body_empty`, `too_many_events`
 */
export function packNdjsonBody(body: Uint8Array, maxEvents: number): PackedLines {
  const broken = new Map<number, string>();
  transcoder.open(body, HEAD_ROOM);
  let count = 0;
  for (let start = afterByteOrderMark(body); start < body.length;) {
    // In UTF-8 this byte is a line feed and nothing else.
    const feed = body.indexOf(NEW_LINE, start);
    const end = feed < 0 ? body.length : feed;
    if (transcoder.value(start, end) || packLine(textOf(body, start, end), count, broken)) {
      count += 1;
      if (count > maxEvents) {
        throw new ProtocolError("too_many_events", `the body has more than ${maxEvents} lines`);
      }
    }
    start = end + 1;
  }
  if (count === 0) throw new ProtocolError("body_empty", "the body is empty");
  return { body: transcoder.written(transcoder.headBefore(HEAD_ROOM, count)), broken };
}

/** Packs a line that was handed back. @returns false where it is blank */
function packLine(line: string, index: number, broken: Map<number, string>): boolean {
  if (line.trim() === "") return false;
  let value: unknown = null;
  try {
    value = parseJson(line);
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    broken.set(index, error.message);
  }
  transcoder.append(packValue(value));
  return true;
}

/** Packs a batch of events as our own clients do: plain msgpack maps. */
export function packEvents(events: readonly unknown[]): Buffer {
  return packValue(events);
}

/**
 * A body as {@link BatchScanner} reads it, with other events in their places: decoded and packed again, which costs many times
 * what reading it does.
 * @throws ProtocolError `body_malformed` where it is not msgpack
 */
export function replaceEvents(
  body: Uint8Array,
  replace: (event: unknown, index: number) => unknown,
): Buffer {
  let value: unknown;
  try {
    value = packr.unpack(body);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProtocolError("body_malformed", `not valid msgpack: ${reason}`);
  }
  if (Array.isArray(value)) return packValue(value.map(replace));
  if (isBatch(value)) return packValue({ ...value, events: value.events.map(replace) });
  return packValue(replace(value, 0));
}

function isBatch(value: unknown): value is { readonly events: readonly unknown[] } {
  return (
    typeof value === "object" && value !== null && "events" in value && Array.isArray(value.events)
  );
}

/** Where the text begins: a byte order mark is no JSON, and common nevertheless (RFC 8259, section 8.1). */
function afterByteOrderMark(body: Uint8Array): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** What is no UTF-8 is replaced by U+FFFD. */
function textOf(body: Uint8Array, start: number, end: number): string {
  return Buffer.from(body.buffer, body.byteOffset + start, end - start).toString("utf8");
}

/**
 * What a JSON text says, with U+FFFD for halves of surrogate pairs.
 * @throws ProtocolError `body_malformed` where it is not JSON
 */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(wellFormedJson(text));
    return value;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProtocolError("body_malformed", `not valid JSON: ${reason}`);
  }
}

function packValue(value: unknown): Buffer {
  try {
    return packr.pack(value);
  } catch (error) {
    // The packer is recursive: nesting that exhausts the stack is the sender's doing, not ours.
    if (error instanceof RangeError) {
      throw new ProtocolError("body_malformed", "the body is nested too deeply");
    }
    throw error;
  }
}
