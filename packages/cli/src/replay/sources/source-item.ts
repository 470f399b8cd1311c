import type { TributaryEvent } from "@tributary/protocol";

/** An event of a file. Its fields are as the file has them: the gateway judges them. */
export interface SourceEvent {
  /** Line (CSV, NDJSON, paths) or position (msgpack) in the file, from 1. */
  readonly line: number;
  readonly event: TributaryEvent;
}

/** A part of a file that is no event, or that was refused. */
export interface Rejected {
  readonly line: number;
  /** The event's field; `event` for the line as a whole. */
  readonly field: string;
  readonly reason: string;
}

/** A piece of the file, in its order. */
export interface SourceChunk {
  readonly events: readonly SourceEvent[];
  readonly rejected: readonly Rejected[];
  /** End of the chunk in the file, bytes. */
  readonly bytesRead: number;
}
