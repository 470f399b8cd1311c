/** Every code that this package's errors carry. */
export const STREAMS_ERROR_CODES = [
  /** The platform in this Redis was set up with other settings. Terminal. */
  "platform_mismatch",
  /** The partition's lease or epoch is another's by now. Terminal for this ownership. */
  "fenced",
  /** The partition's committed position is not the one expected. Terminal for this ownership. */
  "conflict",
  /** Entries before the batch's end were read by somebody else, or the group was set past them. Retryable after claiming them. */
  "gap",
  /** Fewer replicas than wanted said in time that they have a write; its node has it. Retryable. */
  "not_replicated",
  /** There are as many API keys as there may be. Terminal until some are revoked. */
  "too_many_keys",
  /** The Redis server is too old. Terminal. */
  "redis_version",
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

/** What an answer of Redis begins with that says that it refuses a command for now: the same command may be taken later. */
const REFUSED_FOR_NOW =
  /^(?:OOM|LOADING|BUSY|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOREPLICAS|MISCONF|MOVED|ASK|UNKILLABLE) /;

/** Whether Redis answered a command with an error that it will give again; a lost answer is none. */
export function isRefusedForGood(error: unknown): boolean {
  return (
    error instanceof Error && error.name === "ReplyError" && !REFUSED_FOR_NOW.test(error.message)
  );
}

/** Whether a stream's consumer group is not there, or was lost while it was waited for an entry. Retryable, once it was made. */
export function isGroupLost(error: unknown): boolean {
  return error instanceof Error && /^(?:NOGROUP|UNBLOCKED) /.test(error.message);
}
