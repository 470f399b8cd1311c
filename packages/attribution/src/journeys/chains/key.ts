import { Buffer } from "node:buffer";
import {
  type EventRow,
  FLAG_ANONYMOUS,
  FLAG_USER_UUID,
  formatUuid,
  packUuid,
  UUID_TEXT_BYTES,
} from "@tributary/protocol";

/** A user key as rows have it: a lower-case UUID as its 16 bytes, any other as its text. */
export interface Key {
  readonly bytes: Uint8Array;
  readonly uuid: boolean;
}

/** The key in a range of text, as a view. @param uuid room for the 16 bytes of a UUID, which are then the view */
export function keyOfText(text: Uint8Array, start: number, end: number, uuid: Uint8Array): Key {
  if (end - start === UUID_TEXT_BYTES && packUuid(text, start, uuid, 0)) {
    return { bytes: uuid, uuid: true };
  }
  return { bytes: text.subarray(start, end), uuid: false };
}

/** The key of a row's user, a copy. */
export function keyOfRow(row: EventRow): Key {
  return {
    bytes: row.user.slice(row.userStart, row.userStart + row.userLength),
    uuid: (row.flags & FLAG_USER_UUID) !== 0,
  };
}

export function copyOf({ bytes, uuid }: Key): Key {
  return { bytes: bytes.slice(), uuid };
}

export function sameKey(a: Key, b: Key): boolean {
  if (a.uuid !== b.uuid || a.bytes.length !== b.bytes.length) return false;
  for (let i = 0; i < a.bytes.length; i += 1) if (a.bytes[i] !== b.bytes[i]) return false;
  return true;
}

/** Compares two keys by the bytes of their text, as a comparator does. Makes strings: for rare decisions. */
export function compareKeys(a: Key, b: Key): number {
  return Buffer.compare(Buffer.from(textOf(a)), Buffer.from(textOf(b)));
}

export function textOf({ bytes, uuid }: Key): string {
  return uuid ? formatUuid(bytes, 0) : Buffer.from(bytes).toString("utf8");
}

/** Makes an anonymous ID the row's user key. */
export function loadAnonymous(row: EventRow, { bytes, uuid }: Key): void {
  row.user = bytes;
  row.userStart = 0;
  row.userLength = bytes.length;
  row.flags = (row.flags & ~FLAG_USER_UUID) | FLAG_ANONYMOUS | (uuid ? FLAG_USER_UUID : 0);
}
