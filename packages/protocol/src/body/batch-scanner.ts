/**
 * Validates a msgpack batch and hands every good event on as an {@link EventRow}: one pass over the bytes, no object
 * an event. A bad event is refused with its index, field and reason; its neighbours are taken.
 */
import { Buffer, isUtf8 } from "node:buffer";
import { isCurrency } from "../values/currency.ts";
import type { Dictionary } from "../entry/dictionary.ts";
import { decimalFromNumber, formatDecimal, parseDecimal } from "../values/decimal.ts";
import {
  EventRow,
  FLAG_ANONYMOUS,
  FLAG_ID_UUID,
  FLAG_RARE,
  FLAG_USER_UUID,
  type RowDictionaries,
} from "../entry/entry.ts";
import { ProtocolError } from "../errors.ts";
import {
  FIELD_ANONYMOUS_ID,
  FIELD_CURRENCY,
  FIELD_DIMENSION,
  FIELD_ID,
  FIELD_ORDER_ID,
  FIELD_PROPERTIES,
  FIELD_RARE,
  FIELD_TIME,
  FIELD_TYPE,
  FIELD_USER_ID,
  FIELD_VALUE,
  RARE_TEXT,
  FIELD_WORDS_BYTES,
  fieldOf,
  fieldOfWords,
  nameOf,
  typeOf,
} from "./event-field.ts";
import { DIMENSION_COUNT, EVENT_FIELDS, EVENT_LIMITS, EVENT_TYPES, TYPE_REFUND } from "../event.ts";
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
import { propertiesProblem } from "./properties.ts";
import { RARE_ANONYMOUS_ID, RARE_CURRENCY, RARE_PROPERTIES, RARE_VALUE } from "../entry/rare.ts";
import { packUuid, UUID_BYTES, UUID_TEXT_BYTES } from "../bytes/uuid.ts";

/** Why one event of a batch was not taken. */
export interface Refusal {
  /** Position in the batch, from 0. */
  readonly index: number;
  /** The field at fault; `event` for the event as a whole. */
  readonly field: string;
  /** What was expected, and what came. */
  readonly reason: string;
}

/** What became of a batch. */
export interface ScanResult {
  readonly accepted: number;
  readonly refused: readonly Refusal[];
}

export interface ScanOptions {
  /** The server's clock, ms since 1970. */
  readonly now: number;
  /** Code of the tenant in the scanner's tenant dictionary. */
  readonly tenant: number;
  /** Most events in a batch. */
  readonly maxEvents: number;
  /** Most bytes of one event, packed. */
  readonly maxEventBytes: number;
  /** How far ahead of `now` an event's (corrected) time may lie, ms. */
  readonly maxFutureMs: number;
  /** Clock differences up to this are left alone, ms; larger ones are corrected by `sentAt`. */
  readonly clockToleranceMs: number;
}

/** Takes one good event; the row is valid during the call only. */
export type RowSink = (row: EventRow) => void;

export class BatchScanner {
  readonly #dictionaries: RowDictionaries;
  readonly #row = new EventRow();
  readonly #uuids = new Uint8Array(2 * UUID_BYTES);
  #rare = new Uint8Array(16_384);
  #rareLength = 0;
  #bytes: Uint8Array = this.#rare;
  /** The body once more, for what takes four bytes at a time. */
  #words = new DataView(this.#bytes.buffer);
  #end = 0;
  #userStart = 0;
  #userEnd = 0;
  #anonymousStart = 0;
  #anonymousEnd = 0;
  #timeShift = 0;
  #latestMs = 0;
  #refused: Refusal[] = [];
  #options: ScanOptions | undefined;

  /** @param dictionaries that the rows' codes are interned in. */
  constructor(dictionaries: RowDictionaries) {
    this.#dictionaries = dictionaries;
  }

  /**
   * Scans a body: a batch map with `events` and perhaps `sentAt`, a bare array of events, or one event.
   * Where the bytes break off inside an event, the events before it are taken and one refusal stands for the rest.
   * @throws ProtocolError where the body as a whole cannot be read (nothing is taken then).
   */
  scan(body: Uint8Array, options: ScanOptions, sink: RowSink): ScanResult {
    // A Buffer and a Uint8Array are different shapes to the engine: one shape keeps every byte access monomorphic.
    const bytes = new Uint8Array(body.buffer, body.byteOffset, body.length);
    this.#bytes = bytes;
    this.#words = new DataView(body.buffer, body.byteOffset, body.length);
    this.#end = bytes.length;
    this.#options = options;
    this.#latestMs = options.now + options.maxFutureMs;
    this.#refused = [];
    this.#timeShift = 0;
    if (bytes.length === 0) throw new ProtocolError("body_empty", "the body is empty");
    const { first, count, batch } = this.#findEvents(options);
    if (count === 0) throw new ProtocolError("body_empty", "the batch holds no event");
    if (count > options.maxEvents) {
      throw new ProtocolError(
        "too_many_events",
        `the batch has ${count} events; at most ${options.maxEvents} are taken at once`,
      );
    }
    let accepted = 0;
    let pos = first;
    for (let index = 0; index < count; index += 1) {
      try {
        const next = this.#event(pos, index);
        if (next > 0) {
          pos = next;
          accepted += 1;
          sink(this.#row);
        } else {
          pos = skipValue(bytes, pos, bytes.length);
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        // The event itself may have been refused already, before its end was looked for.
        this.#refused = this.#refused.filter((refusal) => refusal.index !== index);
        if (accepted === 0 && this.#refused.length === 0) throw error;
        const after = count - 1 - index;
        const rest = after === 0 ? "" : ` (this and the ${after} after it were not read)`;
        this.#refuse(index, "event", error.message + rest);
        return { accepted, refused: this.#refused };
      }
    }
    if (!batch && pos !== bytes.length) {
      this.#refuse(
        count,
        "event",
        `${bytes.length - pos} bytes after the last event were not read`,
      );
    }
    return { accepted, refused: this.#refused };
  }

  /** Finds the events of any of the three body shapes, and the clock's correction. */
  #findEvents(options: ScanOptions): { first: number; count: number; batch: boolean } {
    const bytes = this.#bytes;
    if (readArrayHead(bytes, 0, this.#end)) {
      return { first: containerRead.next, count: containerRead.count, batch: false };
    }
    if (!readMapHead(bytes, 0, this.#end)) {
      const got = describeValue(bytes[0] as number);
      throw new ProtocolError(
        "body_malformed",
        `expected an event, an array of events or {"events": […]}, got ${got}`,
      );
    }
    const pairs = containerRead.count;
    let pos = containerRead.next;
    let first = -1;
    let count = 0;
    let sentAt: number | undefined;
    for (let i = 0; i < pairs; i += 1) {
      const key = this.#keyText(pos);
      const value = skipValue(bytes, pos, this.#end);
      if (key === "events") {
        if (!readArrayHead(bytes, value, this.#end)) {
          const got = describeValue(bytes[value] as number);
          throw new ProtocolError("body_malformed", `events: expected an array, got ${got}`);
        }
        first = containerRead.next;
        count = containerRead.count;
        // The usual case ends here: nothing follows the events, so they need not be skipped over.
        if (i === pairs - 1) break;
      } else if (key === "sentAt") {
        if (!readNumber(bytes, value, this.#end) || !Number.isSafeInteger(numberRead.value)) {
          throw new ProtocolError("body_malformed", "sentAt: expected an integer, ms since 1970");
        }
        sentAt = numberRead.value;
      } else if (
        i === 0 &&
        key !== undefined &&
        (EVENT_FIELDS as readonly string[]).includes(key)
      ) {
        return { first: 0, count: 1, batch: false };
      }
      pos = skipValue(bytes, value, this.#end);
    }
    if (first < 0) return { first: 0, count: 1, batch: false };
    if (sentAt !== undefined && Math.abs(options.now - sentAt) > options.clockToleranceMs) {
      this.#timeShift = options.now - sentAt;
    }
    return { first, count, batch: true };
  }

  #keyText(pos: number): string | undefined {
    if (!readString(this.#bytes, pos, this.#end)) return undefined;
    const length = Math.min(stringRead.end - stringRead.start, 64);
    return Buffer.from(
      this.#bytes.buffer,
      this.#bytes.byteOffset + stringRead.start,
      length,
    ).toString("utf8");
  }

  /** Reads one event into the row. @returns the position after it, or −1 where it was refused. */
  #event(start: number, index: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const end = this.#end;
    const wordsEnd = end - FIELD_WORDS_BYTES;
    if (start >= end) skipValue(bytes, start, end);
    if (!readMapHead(bytes, start, end)) {
      return this.#refuse(
        index,
        "event",
        `expected a map of fields, got ${describeValue(bytes[start] as number)}`,
      );
    }
    const pairs = containerRead.count;
    let pos = containerRead.next;
    const row = this.#row;
    const { dimensions } = row;
    row.flags = 0;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) dimensions[i] = 0;
    this.#rareLength = 0;
    let seen = 0;
    for (let i = 0; i < pairs; i += 1) {
      let field = -1;
      let at = pos;
      if (pos < wordsEnd) {
        const head = bytes[pos] as number;
        field = fieldOfWords(head, words.getInt32(pos + 1, true), words.getInt32(pos + 5, true));
        at = pos + 1 + (head & 0x1f);
      }
      if (field < 0) {
        field = this.#fieldAt(pos, index);
        if (field < 0) return -1;
        at = stringRead.end;
      }
      if (at >= end) skipValue(bytes, at, end);
      const bit = 1 << field;
      if ((seen & bit) !== 0) return this.#refuse(index, nameOf(field), "the field is there twice");
      // null is the same as absent, for every field: many serialisers write it.
      if (bytes[at] === 0xc0) {
        pos = at + 1;
        continue;
      }
      if (field >= FIELD_DIMENSION && field < FIELD_RARE) {
        pos = this.#dimension(field, at, index);
        // The empty text is the same as absent.
        if (dimensions[field - FIELD_DIMENSION] !== 0) seen |= bit;
      } else {
        seen |= bit;
        if (field === FIELD_TIME) pos = this.#time(at, index);
        else if (field === FIELD_VALUE) pos = this.#value(at, index);
        else if (field === FIELD_PROPERTIES) pos = this.#properties(at, index);
        else pos = this.#text(field, at, index);
      }
      if (pos < 0) return -1;
    }
    const { maxEventBytes } = this.#options as ScanOptions;
    if (pos - start > maxEventBytes) {
      return this.#refuse(
        index,
        "event",
        `expected at most ${maxEventBytes} bytes, got ${pos - start}`,
      );
    }
    return this.#complete(seen, index) ? pos : -1;
  }

  /** The field whose name is at `pos`; {@link stringRead} is set then. @returns −1 where the event was refused */
  #fieldAt(pos: number, index: number): number {
    const bytes = this.#bytes;
    if (pos >= this.#end) skipValue(bytes, pos, this.#end);
    if (!readString(bytes, pos, this.#end)) {
      const got = describeValue(bytes[pos] as number);
      return this.#refuse(index, "event", `expected a string as field name, got ${got}`);
    }
    const field = fieldOf(bytes, stringRead.start, stringRead.end);
    if (field >= 0) return field;
    const name = this.#keyText(pos) ?? "";
    return this.#refuse(index, name, "unknown field; your own data goes into properties");
  }

  /** Finds the string at `pos`, into {@link stringRead}. @returns false where the event was refused */
  #string(field: number, pos: number, index: number): boolean {
    const bytes = this.#bytes;
    if (readString(bytes, pos, this.#end)) return true;
    const got = describeValue(bytes[pos] as number);
    this.#refuse(index, nameOf(field), `expected a string, got ${got}`);
    return false;
  }

  /** Reads a dimension's text as its code. @returns the position after it, or −1 where the event was refused */
  #dimension(field: number, pos: number, index: number): number {
    if (!this.#string(field, pos, index)) return -1;
    const { start, end } = stringRead;
    if (start === end) return end;
    const dictionary = this.#dictionaries.dimensions[field - FIELD_DIMENSION] as Dictionary;
    const most = field === FIELD_RARE - 1 ? EVENT_LIMITS.channelBytes : EVENT_LIMITS.utmBytes;
    if (end - start > most) return this.#tooLong(index, field, most, end - start);
    const code = dictionary.internWords(this.#bytes, this.#words, start, end);
    if (code === 0) return this.#notUtf8(index, field);
    this.#row.dimensions[field - FIELD_DIMENSION] = code;
    return end;
  }

  #text(field: number, pos: number, index: number): number {
    if (!this.#string(field, pos, index)) return -1;
    const { start, end } = stringRead;
    const bytes = this.#bytes;
    const row = this.#row;
    const length = end - start;
    switch (field) {
      case FIELD_ID:
        if (length === 0 || length > EVENT_LIMITS.idBytes) {
          return this.#tooLong(index, field, EVENT_LIMITS.idBytes, length, 1);
        }
        if (length === UUID_TEXT_BYTES && packUuid(bytes, start, this.#uuids, 0)) {
          row.flags |= FLAG_ID_UUID;
          row.id = this.#uuids;
          row.idStart = 0;
          row.idLength = UUID_BYTES;
          return end;
        }
        if (!this.#isText(start, end)) return this.#notUtf8(index, field);
        row.id = bytes;
        row.idStart = start;
        row.idLength = length;
        return end;
      case FIELD_TYPE: {
        const type = typeOf(bytes, start, end);
        if (type < 0) {
          const expected = `expected one of ${EVENT_TYPES.join(", ")}`;
          return this.#refuse(index, "type", `${expected}, got ${this.#quote(start, end)}`);
        }
        row.flags |= type;
        return end;
      }
      case FIELD_USER_ID:
      case FIELD_ANONYMOUS_ID:
        if (length === 0 || length > EVENT_LIMITS.userKeyBytes) {
          return this.#tooLong(index, field, EVENT_LIMITS.userKeyBytes, length, 1);
        }
        if (!this.#isText(start, end)) return this.#notUtf8(index, field);
        if (field === FIELD_USER_ID) {
          this.#userStart = start;
          this.#userEnd = end;
        } else {
          this.#anonymousStart = start;
          this.#anonymousEnd = end;
        }
        return end;
      case FIELD_CURRENCY: {
        const code = Buffer.from(
          bytes.buffer,
          bytes.byteOffset + start,
          Math.min(length, 8),
        ).toString("latin1");
        if (length !== 3 || !isCurrency(code)) {
          return this.#refuse(
            index,
            "currency",
            `expected an ISO 4217 code in capitals such as EUR, got ${this.#quote(start, end)}`,
          );
        }
        this.#addRare(RARE_CURRENCY, bytes, pos, end);
        return end;
      }
      default: {
        if (length === 0) return end;
        const [most, code] = RARE_TEXT[field] as readonly [number, number];
        if (length > most) return this.#tooLong(index, field, most, length);
        if (!this.#isText(start, end)) return this.#notUtf8(index, field);
        this.#addRare(code, bytes, pos, end);
        return end;
      }
    }
  }

  #time(pos: number, index: number): number {
    let sent: number;
    let next = pos + 9;
    // A double is what msgpack libraries make of a number past 32 bits, and we of JSON.
    if (this.#bytes[pos] === 0xcb && next <= this.#end) {
      sent = this.#words.getFloat64(pos + 1);
    } else {
      if (!readNumber(this.#bytes, pos, this.#end)) {
        const got = describeValue(this.#bytes[pos] as number);
        return this.#refuse(index, "time", `expected an integer, ms since 1970, got ${got}`);
      }
      sent = numberRead.value;
      next = numberRead.next;
    }
    const time = sent + this.#timeShift;
    if (time >= EVENT_LIMITS.minTimeMs && time <= this.#latestMs && Math.floor(sent) === sent) {
      this.#row.time = time;
      return next;
    }
    return this.#refuseTime(sent, time, index);
  }

  #refuseTime(sent: number, time: number, index: number): number {
    const { now, maxFutureMs } = this.#options as ScanOptions;
    if (!Number.isSafeInteger(sent)) {
      return this.#refuse(index, "time", `expected an integer, ms since 1970, got ${sent}`);
    }
    if (time < EVENT_LIMITS.minTimeMs) {
      return this.#refuse(
        index,
        "time",
        `expected ms since 1970, after the year 2000, got ${sent} (seconds?)`,
      );
    }
    const ahead = Math.round((time - now) / 1000);
    return this.#refuse(
      index,
      "time",
      `expected at most ${maxFutureMs / 1000} s ahead of the server's clock, got ${sent}, ${ahead} s ahead`,
    );
  }

  #value(pos: number, index: number): number {
    const bytes = this.#bytes;
    if (readString(bytes, pos, this.#end)) {
      const { start, end } = stringRead;
      const text = Buffer.from(
        bytes.buffer,
        bytes.byteOffset + start,
        Math.min(end - start, 64),
      ).toString("latin1");
      if (end - start > 28 || parseDecimal(text) === undefined) {
        return this.#refuse(
          index,
          "value",
          `expected a decimal ≥ 0 of at most ${EVENT_LIMITS.valueIntegerDigits} digits before and 12 after the point, got ${this.#quote(start, end)}`,
        );
      }
      this.#addRare(RARE_VALUE, bytes, pos, end);
      return end;
    }
    if (!readNumber(bytes, pos, this.#end)) {
      return this.#refuse(
        index,
        "value",
        `expected a decimal as string or number, got ${describeValue(bytes[pos] as number)}`,
      );
    }
    const next = numberRead.next;
    const units = decimalFromNumber(numberRead.value);
    if (units === undefined) {
      return this.#refuse(
        index,
        "value",
        `expected a number from 0 to below 10^15, got ${numberRead.value}`,
      );
    }
    const text = Buffer.from(formatDecimal(units), "latin1");
    const packed = Buffer.allocUnsafe(text.length + 1);
    packed[0] = 0xa0 | text.length;
    text.copy(packed, 1);
    this.#addRare(RARE_VALUE, packed, 0, packed.length);
    return next;
  }

  #properties(pos: number, index: number): number {
    const end = skipValue(this.#bytes, pos, this.#end);
    const problem = propertiesProblem(this.#bytes, pos, end);
    if (problem !== undefined) return this.#refuse(index, "properties", problem);
    this.#addRare(RARE_PROPERTIES, this.#bytes, pos, end);
    return end;
  }

  /** Checks what spans fields, and finishes the row. */
  #complete(seen: number, index: number): boolean {
    const row = this.#row;
    const bytes = this.#bytes;
    if ((seen & 7) !== 7) {
      const field = (seen & 1) === 0 ? FIELD_ID : (seen & 2) === 0 ? FIELD_TYPE : FIELD_TIME;
      this.#refuse(index, nameOf(field), "required, and absent");
      return false;
    }
    const hasUser = (seen & (1 << FIELD_USER_ID)) !== 0;
    const hasAnonymous = (seen & (1 << FIELD_ANONYMOUS_ID)) !== 0;
    if (!hasUser && !hasAnonymous) {
      this.#refuse(index, "userId", "expected userId or anonymousId, both are absent");
      return false;
    }
    if ((seen & (1 << FIELD_VALUE)) !== 0 && (seen & (1 << FIELD_CURRENCY)) === 0) {
      this.#refuse(index, "currency", "required with a value, and absent");
      return false;
    }
    if ((row.flags & 7) === TYPE_REFUND && (seen & (1 << FIELD_ORDER_ID)) === 0) {
      this.#refuse(index, "orderId", "required for a refund, and absent");
      return false;
    }
    row.tenant = (this.#options as ScanOptions).tenant;
    if (!hasUser) row.flags |= FLAG_ANONYMOUS;
    const start = hasUser ? this.#userStart : this.#anonymousStart;
    const end = hasUser ? this.#userEnd : this.#anonymousEnd;
    if (end - start === UUID_TEXT_BYTES && packUuid(bytes, start, this.#uuids, UUID_BYTES)) {
      row.flags |= FLAG_USER_UUID;
      row.user = this.#uuids;
      row.userStart = UUID_BYTES;
      row.userLength = UUID_BYTES;
    } else {
      row.user = bytes;
      row.userStart = start;
      row.userLength = end - start;
    }
    if (hasUser && hasAnonymous) this.#addAnonymousId();
    if (this.#rareLength > 0) {
      row.flags |= FLAG_RARE;
      row.rare = this.#rare;
      row.rareStart = 0;
      row.rareLength = this.#rareLength;
    } else {
      row.rareLength = 0;
    }
    return true;
  }

  #addAnonymousId(): void {
    const length = this.#anonymousEnd - this.#anonymousStart;
    const packed = Buffer.allocUnsafe(length + 2);
    packed[0] = 0xd9;
    packed[1] = length;
    packed.set(this.#bytes.subarray(this.#anonymousStart, this.#anonymousEnd), 2);
    this.#addRare(RARE_ANONYMOUS_ID, packed, 0, packed.length);
  }

  #addRare(code: number, from: Uint8Array, start: number, end: number): void {
    const need = this.#rareLength + 1 + end - start;
    if (need > this.#rare.length) {
      const grown = new Uint8Array(need * 2);
      grown.set(this.#rare);
      this.#rare = grown;
    }
    const rare = this.#rare;
    let at = this.#rareLength;
    rare[at] = code;
    at += 1;
    if (end - start > 64) rare.set(from.subarray(start, end), at);
    else for (let i = start; i < end; i += 1) rare[at + i - start] = from[i] as number;
    this.#rareLength = at + end - start;
  }

  #tooLong(index: number, field: number, most: number, got: number, least = 0): number {
    const range = least === 0 ? `at most ${most} bytes` : `${least} to ${most} bytes`;
    return this.#refuse(index, nameOf(field), `expected a string of ${range}, got ${got}`);
  }

  #notUtf8(index: number, field: number): number {
    return this.#refuse(index, nameOf(field), "expected valid UTF-8");
  }

  #quote(start: number, end: number): string {
    const length = Math.min(end - start, 40);
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + start, length).toString(
      "utf8",
    );
    return JSON.stringify(end - start > length ? `${text}…` : text);
  }

  #refuse(index: number, field: string, reason: string): -1 {
    this.#refused.push({ index, field, reason });
    return -1;
  }

  /** True for valid UTF-8; plain ASCII is settled without a call, four bytes at a time. */
  #isText(start: number, end: number): boolean {
    const words = this.#words;
    const bytes = this.#bytes;
    let any = 0;
    let i = start;
    for (; i + 4 <= end; i += 4) any |= words.getInt32(i, true);
    for (; i < end; i += 1) any |= bytes[i] as number;
    return (any & 0x80808080) === 0 || isUtf8(bytes.subarray(start, end));
  }
}
