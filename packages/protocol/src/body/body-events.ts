import { Buffer } from "node:buffer";
import {
  containerRead,
  describeValue,
  numberRead,
  readArrayHead,
  readMapHead,
  readNumber,
  readString,
  skipValue,
  stringRead,
} from "../bytes/msgpack.ts";
import { ProtocolError } from "../errors.ts";
import { EVENT_FIELDS } from "../event.ts";

/** Most bytes of a key that are looked at: those of ours are shorter. */
const MAX_KEY_BYTES = 64;

/** Where a body's events are. */
export interface BodyEvents {
  /** Position of the first event. */
  readonly first: number;
  readonly count: number;
  /** Whether they are in a batch map, which something may follow. */
  readonly batch: boolean;
  /** The sender's clock when it sent the batch, ms since 1970; undefined where it is not known. */
  readonly sentAt: number | undefined;
}

/**
 * Finds the events of any of the three body shapes: a batch map, an array of events, one event.
 * @throws ProtocolError `body_malformed` where it is none of them
 */
export function findEvents(bytes: Uint8Array): BodyEvents {
  const end = bytes.length;
  let sentAt: number | undefined;
  if (readArrayHead(bytes, 0, end)) {
    return { first: containerRead.next, count: containerRead.count, batch: false, sentAt };
  }
  if (!readMapHead(bytes, 0, end)) {
    const got = describeValue(bytes[0] as number);
    throw new ProtocolError(
      "body_malformed",
      `expected an event, an array of events or {"events": […]}, got ${got}`,
    );
  }
  const single = { first: 0, count: 1, batch: false, sentAt } as const;
  const pairs = containerRead.count;
  let pos = containerRead.next;
  let first = -1;
  let count = 0;
  for (let i = 0; i < pairs; i += 1) {
    const key = keyText(bytes, pos);
    const value = skipValue(bytes, pos, end);
    if (key === "events") {
      if (!readArrayHead(bytes, value, end)) {
        const got = describeValue(bytes[value] as number);
        throw new ProtocolError("body_malformed", `events: expected an array, got ${got}`);
      }
      first = containerRead.next;
      count = containerRead.count;
      // The usual case ends here: nothing follows the events, so they need not be skipped over.
      if (i === pairs - 1) break;
    } else if (key === "sentAt") {
      if (!readNumber(bytes, value, end) || !Number.isSafeInteger(numberRead.value)) {
        throw new ProtocolError("body_malformed", "sentAt: expected an integer, ms since 1970");
      }
      sentAt = numberRead.value;
    } else if (i === 0 && isEventField(key)) {
      return single;
    }
    pos = skipValue(bytes, value, end);
  }
  return first < 0 ? single : { first, count, batch: true, sentAt };
}

function isEventField(key: string | undefined): boolean {
  return EVENT_FIELDS.some((field) => field === key);
}

/** The key at `pos`, cut where it is long; undefined where it is no string. */
export function keyText(bytes: Uint8Array, pos: number): string | undefined {
  if (!readString(bytes, pos, bytes.length)) return undefined;
  const length = Math.min(stringRead.end - stringRead.start, MAX_KEY_BYTES);
  return Buffer.from(bytes.buffer, bytes.byteOffset + stringRead.start, length).toString("utf8");
}
