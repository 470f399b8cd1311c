/** Every code that this package's errors carry. All are terminal: the same bytes fail again. */
export const PROTOCOL_ERROR_CODES = [
  /** The body is not what its content type says, or not a batch. */
  "body_malformed",
  /** The body holds no event. */
  "body_empty",
  /** A batch has more events than the bound. */
  "too_many_events",
  /** A stream entry's bytes are not an entry. */
  "entry_malformed",
  /** A stream entry was written by a newer version. */
  "entry_version",
] as const;

export type ProtocolErrorCode = (typeof PROTOCOL_ERROR_CODES)[number];

/** A body or entry that cannot be read at all. A single bad event is a value ({@link Refusal}), not an error. */
export class ProtocolError extends Error {
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string) {
    super(message);
    this.name = "ProtocolError";
    this.code = code;
  }
}
