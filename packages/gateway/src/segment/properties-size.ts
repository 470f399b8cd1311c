import { Buffer } from "node:buffer";
import { EVENT_LIMITS } from "@tributary/protocol";

/** Most bytes of a number, and of the head of a text, list or map, as msgpack. */
const NUMBER_BYTES = 9;
const HEAD_BYTES = 5;

/** Whether a JSON value surely fits an event's `properties`, packed: a bound from above, without packing it. */
export function fitsProperties(value: Readonly<Record<string, unknown>>): boolean {
  return restAfter(value, EVENT_LIMITS.propertiesBytes, EVENT_LIMITS.propertiesDepth) >= 0;
}

/** @returns bytes of `room` that are left, below zero where it is too little or `depth` levels are */
function restAfter(value: unknown, room: number, depth: number): number {
  if (typeof value === "string") return room - HEAD_BYTES - Buffer.byteLength(value);
  if (typeof value === "number") return room - NUMBER_BYTES;
  if (typeof value !== "object" || value === null) return room - 1;
  if (depth === 0) return -1;
  let left = room - HEAD_BYTES;
  if (Array.isArray(value)) {
    for (const item of value) {
      if (left < 0) return left;
      left = restAfter(item, left, depth - 1);
    }
    return left;
  }
  for (const [key, item] of Object.entries(value)) {
    if (left < 0) return left;
    left = restAfter(item, left - HEAD_BYTES - Buffer.byteLength(key), depth - 1);
  }
  return left;
}
