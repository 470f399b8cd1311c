import type { TributaryEvent } from "@tributary/protocol";
import { describeError } from "@tributary/platform/errors";
import { ANY_TIME, type TimeReader } from "./event-time.ts";
import {
  createRowMapper,
  describeCell,
  isRejected,
  type FieldMap,
  type Mapped,
} from "./field-map.ts";
import { lineId } from "./file-content.ts";
import { MAX_LINE_BYTES, readLines, type Line } from "./lines.ts";
import type { Rejected, SourceChunk, SourceEvent } from "./source-item.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/**
 * NDJSON: an event a line. Without a map an object is taken as the event it is; a missing `id` is filled in, and
 * its `time` is brought to milliseconds.
 * @param prefix of made-up IDs, see {@link lineId}
 */
export async function* readNdjson(
  path: string,
  map: FieldMap | undefined,
  prefix: string,
  times: TimeReader = ANY_TIME,
): AsyncGenerator<SourceChunk> {
  const toEvent = objectMapper(map, times);
  for await (const { lines, bytesRead } of readLines(path)) {
    const events: SourceEvent[] = [];
    const rejected: Rejected[] = [];
    for (const line of lines) {
      if (line.text?.trim() === "") continue;
      const mapped = parse(line, toEvent, prefix);
      if (isRejected(mapped)) rejected.push({ line: line.number, ...mapped });
      else events.push({ line: line.number, event: mapped });
    }
    yield { events, rejected, bytesRead };
  }
}

/** Turns an object of a file into an event, by the map where there is one. */
export function objectMapper(
  map: FieldMap | undefined,
  times: TimeReader,
): (object: JsonObject, idOf: () => string) => Mapped {
  if (map !== undefined) {
    return createRowMapper<JsonObject>(map, (object, key) => object[key], times);
  }
  return (object, idOf) => {
    const given = object["time"];
    const time = times.read(given);
    // A number may still be what the gateway takes; a text never is.
    if (time === undefined && typeof given === "string") {
      return { field: "time", reason: `${times.expected}, got ${describeCell(given)}` };
    }
    const hasId = object["id"] !== undefined && object["id"] !== null;
    if (hasId && (time === undefined || time === given)) {
      return object as unknown as TributaryEvent;
    }
    return {
      ...object,
      ...(hasId ? {} : { id: idOf() }),
      ...(time === undefined ? {} : { time }),
    } as unknown as TributaryEvent;
  };
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function parse(
  line: Line,
  toEvent: (object: JsonObject, idOf: () => string) => Mapped,
  prefix: string,
): Mapped {
  if (line.text === undefined) {
    return { field: "event", reason: `expected a line of at most ${MAX_LINE_BYTES} bytes` };
  }
  let value: unknown;
  try {
    value = JSON.parse(line.text);
  } catch (error) {
    return { field: "event", reason: `not valid JSON: ${describeError(error)}` };
  }
  if (!isJsonObject(value)) {
    return { field: "event", reason: `expected an object, got ${describeCell(value)}` };
  }
  return toEvent(value, () => lineId(prefix, line.number));
}
