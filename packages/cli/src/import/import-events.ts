/** Checks a file of events as a whole, then sends what is new of it. */
import { Buffer } from "node:buffer";
import {
  type CheckCounts,
  checkEvents,
  type EventLimits,
  type KnownRows,
  LEDGER_ROWS,
  type Mapping,
  newEvents,
  noCounts,
  pieces,
  ROW_BYTES,
  type Table,
} from "@tributary/imports";
import type { GatewayClient } from "../client/gateway-client.ts";
import { figure } from "../terminal/figures.ts";
import { startProgress } from "../terminal/progress.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { RejectFile, Refusal } from "./reject-file.ts";
import { BatchSpool } from "./spool.ts";

/** Most rows of a file: the check holds 80 bytes of each. */
const MAX_ROWS = 20_000_000;
/** Lines of rows that differ that are named. */
const NAMED_LINES = 20;

/** A checked file. */
export interface CheckedEvents {
  readonly spool: BatchSpool;
  readonly counts: CheckCounts;
  /** First lines that repeat an order, or an ID, of the file with other values. */
  readonly differing: number[];
}

/** Checks a file to its end. @param totalBytes of the file, for the progress */
export async function checkFile(
  table: Table,
  mapping: Mapping,
  options: {
    readonly limits: EventLimits;
    readonly batchEvents: number;
    readonly totalBytes: number;
    readonly rejects: RejectFile;
    readonly terminal: Terminal;
    readonly signal: AbortSignal;
  },
): Promise<CheckedEvents> {
  const { limits, batchEvents, totalBytes, rejects, terminal, signal } = options;
  const counts = noCounts();
  const differing: number[] = [];
  const spool = await BatchSpool.create();
  const progress = startProgress(terminal, "checking", totalBytes);
  const started = performance.now();
  try {
    const batches = checkEvents(table, mapping, counts, {
      limits,
      batchEvents,
      maxRows: MAX_ROWS,
      refused: (row) => rejects.add(row),
      differing: (line) => {
        if (differing.length < NAMED_LINES) differing.push(line);
      },
    });
    for await (const batch of batches) {
      signal.throwIfAborted();
      await spool.add(batch);
      const { rows, refused } = counts;
      progress.update(
        table.bytesRead(),
        `${figure(rows)} rows, ${figure(refused)} refused, ${rate(rows, started)} rows/s`,
      );
    }
    return { spool, counts, differing };
  } catch (error) {
    await spool.remove();
    throw error;
  } finally {
    progress.end();
  }
}

/** Takes accepted rows into the ledger, many at a time and one after the other. */
class Recorder {
  readonly #record: (rows: Buffer) => Promise<void>;
  #waiting: Buffer[] = [];
  #bytes = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(record: (rows: Buffer) => Promise<void>) {
    this.#record = record;
  }

  async add(rows: Buffer): Promise<void> {
    this.#waiting.push(rows);
    this.#bytes += rows.length;
    if (this.#bytes >= LEDGER_ROWS * ROW_BYTES) await this.flush();
  }

  async flush(): Promise<void> {
    const rows = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    this.#last = this.#last.then(async () => {
      for (const piece of pieces(rows)) await this.#record(piece);
    });
    await this.#last;
  }
}

/** What was sent. */
export interface SentEvents {
  readonly new: number;
  /** Refused by the gateway, though the check had passed them. */
  readonly refusals: readonly Refusal[];
}

/**
 * Sends the new events of a checked file, several batches at a time. Rows go into the ledger once the gateway has accepted them, so
 * that a row in the ledger was accepted, whatever dies when.
 */
export async function sendEvents(
  spool: BatchSpool,
  known: KnownRows,
  options: {
    readonly client: GatewayClient;
    readonly record: (rows: Buffer) => Promise<void>;
    readonly concurrency: number;
    readonly terminal: Terminal;
  },
): Promise<SentEvents> {
  const { client, concurrency, terminal } = options;
  const recorder = new Recorder(options.record);
  const refusals: Refusal[] = [];
  const total = spool.length - known.present;
  const progress = startProgress(terminal, "sending", total);
  const started = performance.now();
  let next = 0;
  let sent = 0;
  let failed = false;
  const lane = async (): Promise<void> => {
    while (next < spool.batches && !failed) {
      const batch = await spool.read(next++);
      const part = newEvents(batch, known, batch.from);
      if (part === undefined) continue;
      const { refused } = await client.sendPacked(part.body);
      const places = new Set(refused.map(({ index }) => index));
      for (const { index, field, reason } of refused) {
        refusals.push({
          line: part.lines[index] ?? 0,
          column: "",
          value: "",
          reason: `${field}: ${reason}`,
        });
      }
      sent += part.lines.length - refused.length;
      await recorder.add(places.size === 0 ? part.rows : withoutPlaces(part.rows, places));
      progress.update(sent, `${figure(sent)} sent, ${rate(sent, started)} rows/s`);
    }
  };
  const lanes = await Promise.allSettled(
    Array.from({ length: concurrency }, async () => {
      try {
        await lane();
      } catch (error) {
        failed = true;
        throw error;
      }
    }),
  );
  progress.end();
  const failure = lanes.find((result) => result.status === "rejected");
  // What was accepted is noted also after a failure: it need not be sent again.
  await recorder.flush().catch((error: unknown) => {
    throw failure === undefined ? error : failure.reason;
  });
  if (failure !== undefined) throw failure.reason;
  return { new: sent, refusals };
}

function withoutPlaces(rows: Buffer, places: ReadonlySet<number>): Buffer {
  const kept: Buffer[] = [];
  for (let i = 0; i * ROW_BYTES < rows.length; i += 1) {
    if (!places.has(i)) kept.push(rows.subarray(i * ROW_BYTES, (i + 1) * ROW_BYTES));
  }
  return Buffer.concat(kept);
}

function rate(rows: number, started: number): string {
  return figure(Math.round(rows / Math.max((performance.now() - started) / 1000, 0.001)));
}
