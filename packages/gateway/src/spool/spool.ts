import { Buffer } from "node:buffer";
import { open, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Logger } from "@tributary/telemetry";
import { GatewayError } from "../errors.ts";
import {
  keepDamaged,
  leaveFolder,
  listSegments,
  quarantine,
  segmentPath,
  takeFolder,
} from "./folder.ts";
import { type DecodedRecords, decodeRecords, encodeRecord, type SpooledBatch } from "./records.ts";

export interface SpoolOptions {
  readonly dir: string;
  /** Bytes that may wait on disk; a batch beyond them is refused. */
  readonly maxBytes: number;
  /** A longer segment is closed, and another one begun. */
  readonly segmentBytes: number;
}

/** Bytes of a read; a single record may be larger. */
const READ_BYTES = 1 << 20;

interface Segment {
  readonly path: string;
  readonly startedAtMs: number;
  /** Bytes that are on disk. */
  bytes: number;
  /** Bytes that are forwarded, quarantined or damaged. */
  doneBytes: number;
  /** Whether nothing more is appended. */
  closed: boolean;
}

interface Waiting {
  readonly record: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Batches that {@link Spool.read} found, until {@link Spool.done} is called with them. */
export interface SpoolPage {
  readonly batches: readonly SpooledBatch[];
  readonly segment: object;
  readonly bytes: number;
}

/**
 * Holds batches on disk until Redis has them: a bounded, append-only log in segments, read in order. A batch survives the death of
 * the process and of the machine. It may be read twice after that, which is harmless: events have IDs.
 */
export class Spool {
  readonly #options: SpoolOptions;
  readonly #logger: Logger;
  readonly #segments: Segment[] = [];
  #file: FileHandle | undefined;
  #number = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #writing: Promise<void> | undefined;
  #damagedBytes = 0;
  #wake: () => void = () => undefined;

  private constructor(options: SpoolOptions, logger: Logger) {
    this.#options = options;
    this.#logger = logger;
  }

  /** Opens a folder with the batches that an earlier process left there. @throws Error where another process has it, or it cannot be used */
  static async open(options: SpoolOptions, logger: Logger): Promise<Spool> {
    await takeFolder(options.dir);
    const spool = new Spool(options, logger);
    for (const found of await listSegments(options.dir)) {
      spool.#segments.push({ ...found, doneBytes: 0, closed: true });
    }
    if (spool.bytes > 0) {
      logger.info(
        { bytes: spool.bytes },
        "the spool holds events of an earlier process, which are forwarded first",
      );
    }
    return spool;
  }

  /** Bytes that wait on disk. */
  get bytes(): number {
    return this.#segments.reduce((sum, { bytes, doneBytes }) => sum + bytes - doneBytes, 0);
  }

  /** Bytes that could not be read back. */
  get damagedBytes(): number {
    return this.#damagedBytes;
  }

  /** Age of the oldest segment with waiting batches, s; 0 where none waits. */
  ageSeconds(nowMs: number): number {
    const oldest = this.#segments.find(({ bytes, doneBytes }) => bytes > doneBytes);
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.startedAtMs) / 1000;
  }

  /**
   * Keeps a batch. Resolves when it is on disk. Batches that arrive while the disk is busy share its next write.
   * @throws GatewayError `spool_full`, `spool_failed`
   */
  async append(batch: SpooledBatch): Promise<void> {
    const record = encodeRecord(batch);
    if (this.bytes + this.#waitingBytes + record.length > this.#options.maxBytes) {
      throw new GatewayError("spool_full", "the spool is full", 1);
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ record, resolve, reject });
      this.#waitingBytes += record.length;
      this.#writing ??= this.#write();
    });
  }

  /** The next waiting batches, in order; undefined where none waits. */
  async read(): Promise<SpoolPage | undefined> {
    for (;;) {
      const segment = this.#segments[0];
      if (segment === undefined) return undefined;
      const left = segment.bytes - segment.doneBytes;
      if (left > 0) {
        const page = await this.#readFrom(segment, left);
        if (page.batches.length > 0) return page;
        continue;
      }
      if (!segment.closed) {
        // The segment is done: the next record begins another one.
        if (this.#writing !== undefined || this.#waiting.length > 0) return undefined;
        await this.#close(segment);
      }
      this.#segments.shift();
      await rm(segment.path, { force: true });
    }
  }

  /** Marks a page as done: Redis has its batches, or they are in quarantine. */
  done({ segment, bytes }: SpoolPage): void {
    (segment as Segment).doneBytes += bytes;
  }

  /**
   * Keeps a batch that can never be published in a file beside its segment, as long as all such files fit into the spool's bound.
   * @param reason why it cannot be published
   */
  async quarantine({ segment }: SpoolPage, batch: SpooledBatch, reason: unknown): Promise<void> {
    const { path } = segment as Segment;
    const record = encodeRecord(batch);
    const isKept = await quarantine(path, record, this.#options.maxBytes);
    const { tenant, events } = batch;
    this.#logger.error(
      { err: reason, segment: path, tenant, events, bytes: record.length },
      isKept
        ? "a batch of the spool cannot be published: it is kept as .quarantined"
        : "the spool's quarantine is full: a batch that cannot be published is dropped",
    );
  }

  /** Resolves when a batch waits. */
  async news(): Promise<void> {
    if (this.bytes > 0) return;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }

  /** Ends a wait for {@link news}. */
  wake(): void {
    this.#wake();
  }

  /** Writes the waiting batches, and releases the folder. Segments with waiting batches stay there. */
  async close(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
    const last = this.#segments.at(-1);
    if (last !== undefined && !last.closed) await this.#close(last);
    for (const { path, bytes, doneBytes } of this.#segments) {
      if (bytes === doneBytes) await rm(path, { force: true });
    }
    await leaveFolder(this.#options.dir);
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      const bytes = batch.reduce((sum, { record }) => sum + record.length, 0);
      try {
        const segment = await this.#current();
        await this.#file?.appendFile(Buffer.concat(batch.map(({ record }) => record)));
        await this.#file?.datasync();
        segment.bytes += bytes;
        if (segment.bytes >= this.#options.segmentBytes) await this.#close(segment);
        for (const { resolve } of batch) resolve();
        this.#wake();
      } catch (error) {
        await this.#fail(batch, error);
      }
      this.#waitingBytes -= bytes;
    }
    this.#writing = undefined;
  }

  /** A failed write may leave part of a record in the segment: the next record begins a new segment. */
  async #fail(batch: readonly Waiting[], error: unknown): Promise<void> {
    this.#logger.error({ err: error }, "the spool cannot be written");
    const last = this.#segments.at(-1);
    if (last !== undefined && !last.closed) {
      await this.#close(last).catch((problem: unknown) => {
        this.#logger.warn({ err: problem }, "a segment of the spool could not be closed");
      });
    }
    for (const { reject } of batch) {
      reject(new GatewayError("spool_failed", "the spool cannot be written", 1));
    }
  }

  async #current(): Promise<Segment> {
    const last = this.#segments.at(-1);
    if (last !== undefined && !last.closed) return last;
    const startedAtMs = Date.now();
    this.#number += 1;
    const path = segmentPath(this.#options.dir, startedAtMs, this.#number);
    this.#file = await open(path, "ax", 0o600);
    // The file's name must survive a crash as well.
    const folder = await open(dirname(path), "r");
    await folder.sync();
    await folder.close();
    const segment = { path, startedAtMs, bytes: 0, doneBytes: 0, closed: false };
    this.#segments.push(segment);
    return segment;
  }

  async #close(segment: Segment): Promise<void> {
    segment.closed = true;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** @returns a page; without batches where the rest of the segment cannot be read, and was given up */
  async #readFrom(segment: Segment, left: number): Promise<SpoolPage> {
    const file = await this.#reopen(segment);
    if (file === undefined) return { batches: [], segment, bytes: 0 };
    const { maxBytes } = this.#options;
    let found: DecodedRecords;
    try {
      const piece = await readPiece(file, segment.doneBytes, Math.min(left, READ_BYTES));
      found = decodeRecords(piece, left, maxBytes);
      const { batches, nextBytes } = found;
      if (batches.length === 0 && nextBytes > piece.length && nextBytes <= left) {
        const record = await readPiece(file, segment.doneBytes, nextBytes);
        found = decodeRecords(record, left, maxBytes);
      }
    } finally {
      await file.close();
    }
    const { batches, bytes, damaged } = found;
    if (batches.length === 0) await this.#giveUp(segment, left, damaged);
    return { batches, segment, bytes };
  }

  /** @returns undefined where somebody removed the file, which is logged and counted */
  async #reopen(segment: Segment): Promise<FileHandle | undefined> {
    try {
      return await open(segment.path, "r");
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
      const bytes = segment.bytes - segment.doneBytes;
      this.#damagedBytes += bytes;
      this.#logger.error({ segment: segment.path, bytes }, "a segment of the spool is gone");
      segment.doneBytes = segment.bytes;
      if (!segment.closed) await this.#close(segment);
      return undefined;
    }
  }

  /** Gives up the rest of a segment. A record that a crash cut off was never acknowledged; any other was, so its file is kept. */
  async #giveUp(segment: Segment, left: number, damaged: boolean): Promise<void> {
    const where = { segment: segment.path, at: segment.doneBytes, bytes: left };
    if (damaged) {
      this.#damagedBytes += left;
      this.#logger.error(
        where,
        "a record of the spool is damaged: the rest of its segment is skipped, and the segment is kept as .damaged",
      );
      await keepDamaged(segment.path);
    } else this.#logger.warn(where, "the spool's last record was cut off and never acknowledged");
    segment.doneBytes = segment.bytes;
    segment.closed = true;
  }
}

async function readPiece(file: FileHandle, at: number, size: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size), 0, size, at);
  return buffer.subarray(0, bytesRead);
}
