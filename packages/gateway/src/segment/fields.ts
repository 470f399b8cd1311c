/** Reading the fields of a Segment event, which clients fill as they like, and writing ours. */
import { Buffer } from "node:buffer";
import { cutEnd } from "@tributary/protocol";
import { isRecord } from "./body.ts";

export type Fields = Readonly<Record<string, unknown>>;

/** Notified of a field that is dropped or cut; the event itself is taken. */
export type OmitField = (field: string, reason: string) => void;

const NOTHING: Fields = Object.freeze({});

export function recordOf(value: unknown): Fields {
  return isRecord(value) ? value : NOTHING;
}

/** Text, or a number that was meant as one; undefined for nothing and for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "number") return String(value);
  if (typeof value !== "string") return undefined;
  const text = value.trim();
  return text === "" ? undefined : text;
}

/** The first of several properties that is there. */
export function firstOf(properties: Fields, names: readonly string[]): unknown {
  for (const name of names) {
    const value = properties[name];
    if (value !== undefined && value !== null && value !== "") return value;
  }
  return undefined;
}

/** A field that is not there is never set: an object that fields were deleted of is slow to pack. */
export function add(
  event: Record<string, unknown>,
  field: string,
  value: string | undefined,
): void {
  if (value !== undefined) event[field] = value;
}

/** A text of at most so many bytes of UTF-8. */
export function cut(
  text: string | undefined,
  most: number,
  field: string,
  omit: OmitField,
): string | undefined {
  if (text === undefined || text.length * 3 <= most) return text;
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  omit(field, `expected at most ${most} bytes, got ${bytes.length}; cut`);
  return bytes.toString("utf8", 0, cutEnd(bytes, most));
}

/** A value in an error message. */
export function shown(value: unknown): string {
  return (JSON.stringify(value) ?? "nothing").slice(0, 40);
}
