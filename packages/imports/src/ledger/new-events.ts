import { Buffer } from "node:buffer";
import { Unpackr } from "msgpackr";
import { packEvents } from "@tributary/protocol";
import type { EventBatch } from "../check/check-events.ts";
import { ROW_BYTES } from "../rows/row-identity.ts";
import type { KnownRows } from "./known-rows.ts";

const unpackr = new Unpackr({ useRecords: false });

/**
 * The part of a batch that is not known yet; undefined where all of it is.
 * @param from place of the batch's first row among the rows of the file
 */
export function newEvents(
  batch: EventBatch,
  known: KnownRows,
  from: number,
): EventBatch | undefined {
  const places = batch.lines.map((_, i) => i).filter((i) => known.isNew(from + i));
  if (places.length === 0) return undefined;
  if (places.length === batch.lines.length) return batch;
  const events: unknown = unpackr.unpack(batch.body);
  if (!Array.isArray(events)) throw new Error("a batch is no array of events");
  return {
    body: packEvents(places.map((i) => events[i] as unknown)),
    rows: Buffer.concat(places.map((i) => batch.rows.subarray(i * ROW_BYTES, (i + 1) * ROW_BYTES))),
    lines: places.map((i) => batch.lines[i] ?? 0),
  };
}
