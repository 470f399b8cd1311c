import { Buffer } from "node:buffer";

/** Why one event of a batch was not taken. */
export interface Refusal {
  /** Position in the batch, from 0. */
  readonly index: number;
  /** The field at fault; `event` for the event as a whole. */
  readonly field: string;
  /** What was expected, and what came. */
  readonly reason: string;
}

/** Most bytes of what was sent that a reason repeats. */
const QUOTED_BYTES = 40;

/** The text bytes[start…end) for a reason: quoted, and cut where it is long. */
export function quote(bytes: Uint8Array, start: number, end: number): string {
  const length = Math.min(end - start, QUOTED_BYTES);
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).toString("utf8");
  return JSON.stringify(end - start > length ? `${text}…` : text);
}
