import { EVENT_LIMITS } from "../event.ts";
import { containerRead, readArrayHead, readMapHead, skipValue } from "../bytes/msgpack.ts";

/**
 * What is wrong with an event's packed properties, in words, or undefined. They are carried, not read: so only their
 * size, depth and kinds are bounded, before anybody decodes them.
 * @param end position after the value, which is known to be whole
 */
export function propertiesProblem(
  bytes: Uint8Array,
  start: number,
  end: number,
): string | undefined {
  if (end - start > EVENT_LIMITS.propertiesBytes) {
    return `expected at most ${EVENT_LIMITS.propertiesBytes} bytes packed, got ${end - start}`;
  }
  if (!readMapHead(bytes, start, end)) return "expected a map";
  return walk(bytes, start, end, EVENT_LIMITS.propertiesDepth);
}

/** Walks one value; recursion is bounded by `depthLeft`. */
function walk(
  bytes: Uint8Array,
  start: number,
  end: number,
  depthLeft: number,
): string | undefined {
  const lead = bytes[start] as number;
  if ((lead >= 0xc7 && lead <= 0xc9) || (lead >= 0xd4 && lead <= 0xd8)) {
    return "msgpack extension types are not taken";
  }
  const isMap = readMapHead(bytes, start, end);
  if (!isMap && !readArrayHead(bytes, start, end)) return undefined;
  if (depthLeft === 0) return `expected a depth of at most ${EVENT_LIMITS.propertiesDepth}`;
  let pos = containerRead.next;
  const values = containerRead.count * (isMap ? 2 : 1);
  for (let i = 0; i < values; i += 1) {
    const problem = walk(bytes, pos, end, depthLeft - 1);
    if (problem !== undefined) return problem;
    pos = skipValue(bytes, pos, end);
  }
  return undefined;
}
