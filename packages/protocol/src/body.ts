/** JSON and NDJSON bodies brought into the msgpack form that {@link BatchScanner} reads, so that there is one validation. */
import type { Buffer } from "node:buffer";
import { Packr } from "msgpackr";
import { ProtocolError } from "./errors.ts";

// Plain maps, readable by every msgpack library: no record extension.
const packr = new Packr({ useRecords: false, variableMapSize: true });

/**
 * A JSON body as msgpack.
 * @throws ProtocolError `body_malformed` where it is not JSON, `body_empty` where there is nothing
 */
export function packJsonBody(text: string): Buffer {
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  if (source.trim() === "") throw new ProtocolError("body_empty", "the body is empty");
  return packValue(parseJson(source));
}

/** An NDJSON body as msgpack, and the lines that are not JSON. */
export interface PackedLines {
  readonly body: Buffer;
  /** By index of the event: why its line could not be read. Such an event stands as nil in the body. */
  readonly broken: ReadonlyMap<number, string>;
}

/**
 * An NDJSON body (one event a line, blank lines passed over) as a msgpack array.
 * @param maxEvents lines above this number end the reading
 * @throws ProtocolError `body_empty`, `too_many_events`
 */
export function packNdjsonBody(text: string, maxEvents: number): PackedLines {
  const events: unknown[] = [];
  const broken = new Map<number, string>();
  const source = text.startsWith("\ufeff") ? text.slice(1) : text;
  for (const line of source.split("\n")) {
    if (line.trim() === "") continue;
    if (events.length >= maxEvents) {
      throw new ProtocolError("too_many_events", `the body has more than ${maxEvents} lines`);
    }
    try {
      events.push(parseJson(line));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      broken.set(events.length, error.message);
      events.push(null);
    }
  }
  if (events.length === 0) throw new ProtocolError("body_empty", "the body is empty");
  return { body: packValue(events), broken };
}

/** Packs a batch of events as our own clients do: plain msgpack maps. */
export function packEvents(events: readonly unknown[]): Buffer {
  return packValue(events);
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
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
