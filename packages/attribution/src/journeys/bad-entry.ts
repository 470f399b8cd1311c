import type { ProtocolError } from "@tributary/protocol";

/** One entry of a batch cannot be decoded. The state that met it is void. */
export class BadEntryError extends Error {
  /** Position of the entry in the batch. */
  readonly index: number;

  constructor(index: number, cause: ProtocolError) {
    super(cause.message, { cause });
    this.name = "BadEntryError";
    this.index = index;
  }
}
