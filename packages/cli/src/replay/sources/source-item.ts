import type { TributaryEvent } from "@tributary/protocol";

/** An event of a file. Its fields are as the file has them: the gateway judges them. */
export interface SourceEvent {
  /** Line (CSV, NDJSON, paths) or position (msgpack) in the file, from 1. */
  readonly line: number;
  readonly event: TributaryEvent;
}

/** Something of a file that is no event, or was not taken. */
export interface Rejected {
  readonly line: number;
  /** The event's field; `event` for the line as a whole. */
  readonly field: string;
  readonly reason: string;
}

/** What a format reads, in the file's order, a piece of the file at a time. */
export interface SourceChunk {
  readonly events: readonly SourceEvent[];
  readonly rejected: readonly Rejected[];
  /** How much of the file has been read up to here, bytes. */
  readonly bytesRead: number;
}
