import { ByteColumn } from "../bytes/byte-column.ts";
import {
  containerRead,
  describeValue,
  numberRead,
  readMapHead,
  readNumber,
  readString,
  skipValue,
  stringRead,
} from "../bytes/msgpack.ts";
import { isText } from "../bytes/utf8.ts";
import { packUuid, UUID_BYTES, UUID_TEXT_BYTES } from "../bytes/uuid.ts";
import type { Dictionary } from "../entry/dictionary.ts";
import { FLAG_ANONYMOUS, FLAG_ID_UUID, FLAG_RARE, FLAG_USER_UUID } from "../entry/entry.ts";
import { EventRow, type RowDictionaries } from "../entry/event-row.ts";
import { addAnonymousId } from "../entry/rare.ts";
import { DIMENSION_COUNT, EVENT_LIMITS, EVENT_TYPES } from "../event.ts";
import { keyText } from "./body-events.ts";
import {
  FIELD_ANONYMOUS_ID,
  FIELD_DIMENSION,
  FIELD_ID,
  FIELD_RARE,
  FIELD_TIME,
  FIELD_TYPE,
  FIELD_USER_ID,
  FIELD_WORDS_BYTES,
  fieldOf,
  fieldOfWords,
  nameOf,
  typeOf,
} from "./event-field.ts";
import { absentField, lengthProblem, NOT_UTF8, timeProblem } from "./event-problem.ts";
import { readRareField } from "./rare-field.ts";
import { quote, type Refusal } from "./refusal.ts";
import type { ScanOptions } from "./scan-options.ts";

/** Validates the events of a body one by one, each into the same row. */
export class EventScanner {
  /** The event that was read last. */
  readonly row = new EventRow();
  readonly #dictionaries: RowDictionaries;
  readonly #uuids = new Uint8Array(2 * UUID_BYTES);
  readonly #rare = new ByteColumn();
  #bytes: Uint8Array = new Uint8Array(0);
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

  /** @param dictionaries that the row's codes are interned in */
  constructor(dictionaries: RowDictionaries) {
    this.#dictionaries = dictionaries;
  }

  /**
   * Takes a body.
   * @param timeShift what is added to each event's time, ms
   * @param refused is appended to
   */
  open(bytes: Uint8Array, options: ScanOptions, timeShift: number, refused: Refusal[]): void {
    this.#bytes = bytes;
    this.#words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#end = bytes.length;
    this.#options = options;
    this.#latestMs = options.now + options.maxFutureMs;
    this.#timeShift = timeShift;
    this.#refused = refused;
  }

  /** Reads an event into {@link row}. @returns the position after it, or −1 where it was refused */
  read(start: number, index: number): number {
    const bytes = this.#bytes;
    const words = this.#words;
    const end = this.#end;
    const wordsEnd = end - FIELD_WORDS_BYTES;
    if (start >= end) skipValue(bytes, start, end);
    if (!readMapHead(bytes, start, end)) {
      const got = describeValue(bytes[start] as number);
      return this.#refuse(index, "event", `expected a map of fields, got ${got}`);
    }
    const pairs = containerRead.count;
    let pos = containerRead.next;
    const { row } = this;
    const { dimensions } = row;
    row.flags = 0;
    for (let i = 0; i < DIMENSION_COUNT; i += 1) dimensions[i] = 0;
    this.#rare.length = 0;
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
        else if (field < FIELD_RARE) pos = this.#text(field, at, index);
        else pos = this.#rareField(field, at, index);
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
    const name = keyText(bytes, pos) ?? "";
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
    if (code === 0) return this.#refuse(index, nameOf(field), NOT_UTF8);
    this.row.dimensions[field - FIELD_DIMENSION] = code;
    return end;
  }

  #text(field: number, pos: number, index: number): number {
    if (!this.#string(field, pos, index)) return -1;
    const { start, end } = stringRead;
    const length = end - start;
    const bytes = this.#bytes;
    const { row } = this;
    if (field === FIELD_ID) {
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
      if (!isText(bytes, this.#words, start, end))
        return this.#refuse(index, nameOf(field), NOT_UTF8);
      row.id = bytes;
      row.idStart = start;
      row.idLength = length;
      return end;
    }
    if (field === FIELD_TYPE) {
      const type = typeOf(bytes, start, end);
      if (type < 0) {
        const expected = `expected one of ${EVENT_TYPES.join(", ")}`;
        return this.#refuse(index, "type", `${expected}, got ${quote(bytes, start, end)}`);
      }
      row.flags |= type;
      return end;
    }
    if (length === 0 || length > EVENT_LIMITS.userKeyBytes) {
      return this.#tooLong(index, field, EVENT_LIMITS.userKeyBytes, length, 1);
    }
    if (!isText(bytes, this.#words, start, end))
      return this.#refuse(index, nameOf(field), NOT_UTF8);
    if (field === FIELD_USER_ID) {
      this.#userStart = start;
      this.#userEnd = end;
    } else {
      this.#anonymousStart = start;
      this.#anonymousEnd = end;
    }
    return end;
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
      this.row.time = time;
      return next;
    }
    return this.#refuse(index, "time", timeProblem(sent, time, this.#options as ScanOptions));
  }

  #rareField(field: number, pos: number, index: number): number {
    const next = readRareField(field, this.#bytes, this.#words, pos, this.#rare);
    return typeof next === "number" ? next : this.#refuse(index, nameOf(field), next);
  }

  /** Checks what spans fields, and finishes the row. */
  #complete(seen: number, index: number): boolean {
    const { row } = this;
    const bytes = this.#bytes;
    const problem = absentField(seen, row.flags);
    if (problem !== undefined) {
      this.#refuse(index, problem.field, problem.reason);
      return false;
    }
    row.tenant = (this.#options as ScanOptions).tenant;
    const hasUser = (seen & (1 << FIELD_USER_ID)) !== 0;
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
    const rare = this.#rare;
    if (hasUser && (seen & (1 << FIELD_ANONYMOUS_ID)) !== 0) {
      addAnonymousId(rare, bytes, this.#anonymousStart, this.#anonymousEnd);
    }
    row.rareLength = rare.length;
    if (rare.length > 0) {
      row.flags |= FLAG_RARE;
      row.rare = rare.bytes;
      row.rareStart = 0;
    }
    return true;
  }

  #tooLong(index: number, field: number, most: number, got: number, least = 0): number {
    return this.#refuse(index, nameOf(field), lengthProblem(most, got, least));
  }

  #refuse(index: number, field: string, reason: string): -1 {
    this.#refused.push({ index, field, reason });
    return -1;
  }
}
