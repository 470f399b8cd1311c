import { packEvents } from "@tributary/protocol";

/** Any value as plain msgpack. */
export function encode(value: unknown): Buffer {
  // A list of one, without its head: packEvents packs lists.
  const bytes = Array.isArray(value) ? packEvents(value) : packEvents([value]).subarray(1);
  return Buffer.from(bytes);
}
