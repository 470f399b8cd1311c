/**
 * Validates a msgpack batch and hands every good event on as an {@link EventRow}: one pass over the bytes, no object
 * an event. A bad event is refused with its index, field and reason; its neighbours are taken.
 */
import { skipValue } from "../bytes/msgpack.ts";
import type { EventRow, RowDictionaries } from "../entry/event-row.ts";
import { ProtocolError } from "../errors.ts";
import { findEvents } from "./body-events.ts";
import { clockShiftMs } from "./clock.ts";
import { EventScanner } from "./event-scanner.ts";
import { NOT_UTF8 } from "./event-problem.ts";
import { repairedEvent } from "./repaired-event.ts";
import type { Refusal } from "./refusal.ts";
import type { ScanOptions } from "./scan-options.ts";

/** What became of a batch. */
export interface ScanResult {
  readonly accepted: number;
  readonly refused: readonly Refusal[];
}

/** Takes one good event; the row is valid during the call only. */
export type RowSink = (row: EventRow) => void;

export class BatchScanner {
  readonly #events: EventScanner;

  /** @param dictionaries that the rows' codes are interned in */
  constructor(dictionaries: RowDictionaries) {
    this.#events = new EventScanner(dictionaries);
  }

  /**
   * Scans a body: a batch map with `events` and perhaps `sentAt`, a bare array of events, or one event.
   * Where the bytes break off inside an event, the events before it are taken and one refusal stands for the rest.
   * @throws ProtocolError where the body as a whole cannot be read (nothing is taken then)
   */
  scan(body: Uint8Array, options: ScanOptions, sink: RowSink): ScanResult {
    // A Buffer and a Uint8Array are different shapes to the engine: one shape keeps every byte access monomorphic.
    const bytes = new Uint8Array(body.buffer, body.byteOffset, body.length);
    if (bytes.length === 0) throw new ProtocolError("body_empty", "the body is empty");
    const { first, count, batch, sentAt } = findEvents(bytes);
    if (count === 0) throw new ProtocolError("body_empty", "the batch holds no event");
    if (count > options.maxEvents) {
      throw new ProtocolError(
        "too_many_events",
        `the batch has ${count} events; at most ${options.maxEvents} are taken at once`,
      );
    }
    const refused: Refusal[] = [];
    const events = this.#events;
    const shiftMs = clockShiftMs(sentAt, options);
    events.open(bytes, options, shiftMs, refused);
    let accepted = 0;
    let pos = first;
    for (let index = 0; index < count; index += 1) {
      try {
        const next = events.read(pos, index);
        if (next > 0) {
          pos = next;
          accepted += 1;
          sink(events.row);
        } else {
          const start = pos;
          pos = skipValue(bytes, pos, bytes.length);
          if (refused.at(-1)?.reason !== NOT_UTF8) continue;
          refused.pop();
          events.open(repairedEvent(bytes.subarray(start, pos)), options, shiftMs, refused);
          if (events.read(0, index) > 0) {
            accepted += 1;
            sink(events.row);
          }
          events.open(bytes, options, shiftMs, refused);
        }
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        // The event itself may have been refused already, before its end was looked for.
        const others = refused.filter((refusal) => refusal.index !== index);
        if (accepted === 0 && others.length === 0) throw error;
        const after = count - 1 - index;
        const rest = after === 0 ? "" : ` (this and the ${after} after it were not read)`;
        others.push({ index, field: "event", reason: error.message + rest });
        return { accepted, refused: others };
      }
    }
    if (!batch && pos !== bytes.length) {
      const reason = `${bytes.length - pos} bytes after the last event were not read`;
      refused.push({ index: count, field: "event", reason });
    }
    return { accepted, refused };
  }
}
