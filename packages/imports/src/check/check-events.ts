/** Checks the rows of a file of events, and packs them as the gateway takes them. */
import { Buffer } from "node:buffer";
import { BatchScanner, createRowDictionaries, packEvents, type Refusal } from "@tributary/protocol";
import type { Mapping } from "../mapping/mapping.ts";
import type { Row, RowSource } from "../mapping/look.ts";
import { EventRows, type RowEvent } from "../rows/event-row.ts";
import { isRefused, type RefusedRow } from "../rows/refused.ts";
import { ROW_BYTES, RowIdentity } from "../rows/row-identity.ts";

/** What a gateway takes of an event. */
export interface EventLimits {
  /** Packed. */
  readonly maxEventBytes: number;
  /** How far ahead of the clock an event may lie, ms. */
  readonly maxFutureMs: number;
}

export interface CheckOptions {
  readonly limits: EventLimits;
  /** Events of a batch. */
  readonly batchEvents: number;
  /** Most rows of a file. */
  readonly maxRows: number;
  /** Called for each row that is not taken. */
  readonly refused: (row: RefusedRow) => void;
  /** Called for each row that repeats an order, or an ID, of the file with other values. */
  readonly differing: (line: number) => void;
}

/** The rows so far, by outcome. */
export interface CheckCounts {
  /** All rows of the file. */
  rows: number;
  /** Rows that are events. */
  events: number;
  refused: number;
  /** Left out by the mapping. */
  skipped: number;
  /** Repeat an order, or an ID, of the file. */
  repeated: number;
  /** Those of them that have other values. */
  differing: number;
}

/** Events that are sent together. */
export interface EventBatch {
  /** Packed, as the gateway takes them. */
  readonly body: Buffer;
  /** {@link ROW_BYTES} each, for the ledger. */
  readonly rows: Buffer;
  readonly lines: readonly number[];
}

/**
 * Reads a file to its end and yields its events in batches. Refused rows are in none of them.
 * @throws ImportError `mapping` for a column that the file does not have, `file` for more rows than the bound
 */
export async function* checkEvents(
  source: RowSource,
  mapping: Mapping,
  counts: CheckCounts,
  options: CheckOptions,
): AsyncGenerator<EventBatch> {
  const reader = new EventRows(mapping, source.columns);
  const identity = new RowIdentity(options.maxRows);
  const batch = new OpenBatch(options, reader);
  const take = (row: Row): void => {
    counts.rows += 1;
    const { line, cells, problem } = row;
    const event =
      problem === undefined ? reader.read(cells) : { column: "", value: "", reason: problem };
    if (event === undefined) {
      counts.skipped += 1;
      return;
    }
    if (isRefused(event)) {
      counts.refused += 1;
      options.refused({ line, cells, ...event });
      return;
    }
    const novelty = identity.identify(event, batch.ledger, batch.length * ROW_BYTES);
    if (novelty === "first") {
      batch.add(event, line, cells);
      return;
    }
    counts.repeated += 1;
    if (novelty !== "differing") return;
    counts.differing += 1;
    options.differing(line);
  };
  for await (const chunk of source.rows()) {
    for (const row of chunk) {
      take(row);
      if (batch.length === options.batchEvents) yield batch.close(counts);
    }
  }
  if (batch.length > 0) yield batch.close(counts);
}

/** A batch that is being filled. */
class OpenBatch {
  readonly #options: CheckOptions;
  readonly #reader: EventRows;
  /** Its rows for the ledger; the next one is written before it is added. */
  ledger: Buffer;
  #events: RowEvent[] = [];
  #lines: number[] = [];
  #cells: (readonly string[])[] = [];

  constructor(options: CheckOptions, reader: EventRows) {
    this.#options = options;
    this.#reader = reader;
    this.ledger = Buffer.alloc(options.batchEvents * ROW_BYTES);
  }

  get length(): number {
    return this.#events.length;
  }

  add(event: RowEvent, line: number, cells: readonly string[]): void {
    this.#events.push(event);
    this.#lines.push(line);
    this.#cells.push(cells);
  }

  /** Checks the batch as the gateway does, and begins another. */
  close(counts: CheckCounts): EventBatch {
    const body = packEvents(this.#events);
    const refusals = scan(body, this.length, this.#options.limits);
    for (const refusal of refusals) this.#refuse(refusal);
    counts.refused += refusals.length;
    counts.events += this.length - refusals.length;
    const closed = refusals.length === 0 ? this.#whole(body) : this.#without(refusals);
    this.#events = [];
    this.#lines = [];
    this.#cells = [];
    this.ledger = Buffer.alloc(this.ledger.length);
    return closed;
  }

  #refuse({ index, field, reason }: Refusal): void {
    const event = this.#events[index];
    const value = event?.[field as keyof RowEvent];
    this.#options.refused({
      line: this.#lines[index] ?? 0,
      cells: this.#cells[index] ?? [],
      column: this.#reader.columnOf(field),
      value: typeof value === "string" ? value : "",
      reason: `${field}: ${reason}`,
    });
  }

  #whole(body: Buffer): EventBatch {
    return { body, rows: this.ledger.subarray(0, this.length * ROW_BYTES), lines: this.#lines };
  }

  #without(refusals: readonly Refusal[]): EventBatch {
    const refused = new Set(refusals.map(({ index }) => index));
    const kept = this.#events.map((_, i) => i).filter((i) => !refused.has(i));
    return {
      body: packEvents(kept.map((i) => this.#events[i])),
      rows: Buffer.concat(
        kept.map((i) => this.ledger.subarray(i * ROW_BYTES, (i + 1) * ROW_BYTES)),
      ),
      lines: kept.map((i) => this.#lines[i] ?? 0),
    };
  }
}

/** By the same code as the gateway's. */
function scan(body: Buffer, events: number, limits: EventLimits): readonly Refusal[] {
  // New for each batch: dictionaries of a whole file would grow with it.
  const dictionaries = createRowDictionaries(0);
  const scanner = new BatchScanner(dictionaries);
  const { refused } = scanner.scan(
    body,
    {
      ...limits,
      now: Date.now(),
      tenant: dictionaries.tenants.internText("default"),
      maxEvents: events,
      clockToleranceMs: 0,
      maxTransitMs: 0,
    },
    () => undefined,
  );
  return refused;
}

/** Nothing counted yet. */
export function noCounts(): CheckCounts {
  return { rows: 0, events: 0, refused: 0, skipped: 0, repeated: 0, differing: 0 };
}
