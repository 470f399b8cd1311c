/** Every code that this package's errors carry. */
export const STREAMS_ERROR_CODES = [
  /** The platform in this Redis was set up with other settings. Terminal. */
  "platform_mismatch",
  /** The partition's lease or epoch is another's by now. Terminal for this ownership. */
  "fenced",
  /** The partition's committed position is not the one expected. Terminal for this ownership. */
  "conflict",
  /** Entries before the batch's end were read by somebody else. Retryable after claiming them. */
  "gap",
  /** Fewer replicas than wanted said in time that they have a write; its node has it. Retryable. */
  "not_replicated",
  /** There are as many API keys as there may be. Terminal until some are revoked. */
  "too_many_keys",
  /** The Redis server's settings, or its version, are such that accepted events could be lost. Terminal. */
  "redis_unfit",
] as const;

export type StreamsErrorCode = (typeof STREAMS_ERROR_CODES)[number];

export class StreamsError extends Error {
  readonly code: StreamsErrorCode;

  constructor(code: StreamsErrorCode, message: string) {
    super(message);
    this.name = "StreamsError";
    this.code = code;
  }
}

/** Whether Redis refused a command because it has reached its `maxmemory`. Retryable, once memory was freed. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("OOM ");
}
