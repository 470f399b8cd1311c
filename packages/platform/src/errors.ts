/** An expected failure: its message is a sentence for the person at the terminal, shown without a stack. */
export class OperationalError<Code extends string = string> extends Error {
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.name = new.target.name;
    this.code = code;
  }
}

/** Every code that {@link PlatformError} carries. */
export const PLATFORM_ERROR_CODES = [
  /** A setting or argument is not one that the platform takes. */
  "usage",
  /** The data folder already belongs to a running platform. */
  "already_running",
  /** A port that was asked for, or every port tried, is taken. */
  "port_taken",
  /** No usable redis-server or valkey-server. */
  "redis_missing",
  /** A service did not become ready, or died again and again. */
  "service_failed",
] as const;

export type PlatformErrorCode = (typeof PLATFORM_ERROR_CODES)[number];

/** A platform could not be started, or could not be kept running. */
export class PlatformError extends OperationalError<PlatformErrorCode> {}

/** The text of anything that was thrown, with the cause that Node's network errors hide. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(describeError).join("; ");
  }
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** The text of an error from opening or reading a file, whose path the message before it has. */
export function describeFileError(error: unknown): string {
  return systemCode(error) === "ENOENT" ? "there is no such file" : describeError(error);
}

/** The `code` of a system error such as `ENOENT`, or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
