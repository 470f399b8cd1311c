import { Buffer } from "node:buffer";
import { Unpackr } from "msgpackr";
import { CliError } from "../../errors.ts";
import { ANY_TIME, type TimeReader } from "./event-time.ts";
import { describeCell, isRejected, type FieldMap } from "./field-map.ts";
import { lineId, openContent } from "./file-content.ts";
import { isJsonObject, objectMapper } from "./ndjson-source.ts";
import type { Rejected, SourceChunk, SourceEvent } from "./source-item.ts";

/** A batch is one value, and is held whole, bytes. */
const MAX_VALUE_BYTES = 64 * 1024 * 1024;

/**
 * msgpack: events one after the other, arrays of them, or batches `{"events": […]}`, in any mixture. A batch's
 * `sentAt` is passed over: it corrects the clock of an event sent now, and these were not.
 * @throws CliError `file` for bytes that are no msgpack, or a single value above 64 MiB
 */
export async function* readMsgpack(
  path: string,
  map: FieldMap | undefined,
  prefix: string,
  times: TimeReader = ANY_TIME,
): AsyncGenerator<SourceChunk> {
  const toEvent = objectMapper(map, times);
  let position = 0;
  let bytesRead = 0;
  for await (const { values, bytesRead: read } of readValues(path)) {
    bytesRead = read;
    const events: SourceEvent[] = [];
    const rejected: Rejected[] = [];
    for (const value of values.flatMap(eventsOf)) {
      position += 1;
      const line = position;
      const mapped = isJsonObject(value)
        ? toEvent(value, () => lineId(prefix, line))
        : { field: "event", reason: `expected a map of fields, got ${describeCell(value)}` };
      if (isRejected(mapped)) rejected.push({ line, ...mapped });
      else events.push({ line, event: mapped });
    }
    yield { events, rejected, bytesRead };
  }
}

function eventsOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (isJsonObject(value) && Array.isArray(value["events"])) return value["events"];
  return [value];
}

/** The values of a file, as many at a time as its chunks hold whole. */
async function* readValues(path: string): AsyncGenerator<{ values: unknown[]; bytesRead: number }> {
  const unpackr = new Unpackr({ useRecords: false, int64AsType: "number" });
  let pending: Buffer[] = [];
  let pendingBytes = 0;
  let wanted = 0;
  let bytesRead = 0;
  for await (const data of openContent(path)) {
    const chunk = data as Buffer;
    bytesRead += chunk.length;
    pending.push(chunk);
    pendingBytes += chunk.length;
    // A value that did not fit is tried again at twice the bytes: the cost stays in proportion to the file.
    if (pendingBytes < wanted) continue;
    const { values, rest } = unpackWhole(unpackr, Buffer.concat(pending), path);
    if (rest.length > MAX_VALUE_BYTES) throw tooLarge(path);
    pending = [rest];
    pendingBytes = rest.length;
    wanted = values.length === 0 ? 2 * rest.length : 0;
    if (values.length > 0) yield { values, bytesRead };
  }
  if (pendingBytes === 0) return;
  const { values, rest } = unpackWhole(unpackr, Buffer.concat(pending), path);
  yield { values, bytesRead };
  if (rest.length > 0) {
    throw new CliError(
      "file",
      `${path} breaks off within an event: its last ${rest.length} bytes are incomplete`,
    );
  }
}

function tooLarge(path: string): CliError {
  return new CliError(
    "file",
    `${path} holds one value above ${MAX_VALUE_BYTES / 1024 / 1024} MiB; write it as several batches, or events one after the other`,
  );
}

function unpackWhole(
  unpackr: Unpackr,
  bytes: Buffer,
  path: string,
): { values: unknown[]; rest: Buffer } {
  const values: unknown[] = [];
  let end = 0;
  try {
    unpackr.unpackMultiple(bytes, (value: unknown, _start?: number, valueEnd?: number) => {
      values.push(value);
      end = valueEnd ?? bytes.length;
      return true;
    });
    return { values, rest: bytes.subarray(bytes.length) };
  } catch (error) {
    const incomplete = error instanceof Error && "incomplete" in error && error.incomplete === true;
    if (incomplete) return { values, rest: bytes.subarray(end) };
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError("file", `${path} is not msgpack: ${reason}`);
  }
}
