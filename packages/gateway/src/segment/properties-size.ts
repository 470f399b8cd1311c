import { Buffer } from "node:buffer";
import { EVENT_LIMITS } from "@tributary/protocol";

/** Most bytes of a number, and of the head of a text, list or map, as msgpack. */
const NUMBER_BYTES = 9;
const HEAD_BYTES = 5;

/** Bytes of a text, or at least as many. */
type TextBytes = (text: string) => number;

/** A UTF-16 unit is at most 3 bytes of UTF-8: what fits so need not be looked at closer, and nearly all does. */
const mostBytes: TextBytes = (text) => text.length * 3;
const exactBytes: TextBytes = (text) => Buffer.byteLength(text);

/** Whether a JSON value surely fits an event's `properties`, packed: a bound from above, without packing it. */
export function fitsProperties(value: Readonly<Record<string, unknown>>): boolean {
  const { propertiesBytes, propertiesDepth } = EVENT_LIMITS;
  return (
    restAfter(value, propertiesBytes, propertiesDepth, mostBytes) >= 0 ||
    restAfter(value, propertiesBytes, propertiesDepth, exactBytes) >= 0
  );
}

/** @returns bytes of `room` that are left, below zero where it is too little or `depth` levels are */
function restAfter(value: unknown, room: number, depth: number, bytesOf: TextBytes): number {
  if (typeof value === "string") return room - HEAD_BYTES - bytesOf(value);
  if (typeof value === "number") return room - NUMBER_BYTES;
  if (typeof value !== "object" || value === null) return room - 1;
  if (depth === 0) return -1;
  let left = room - HEAD_BYTES;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (left < 0) return left;
      left = restAfter(item, left, depth - 1, bytesOf);
    }
    return left;
  }
  for (const [key, item] of Object.entries(value)) {
    if (left < 0) return left;
    left = restAfter(item, left - HEAD_BYTES - bytesOf(key), depth - 1, bytesOf);
  }
  return left;
}
