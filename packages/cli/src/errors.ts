/** Every code that {@link CliError} carries. */
export const CLI_ERROR_CODES = [
  /** An option or argument is not what the command takes. */
  "usage",
  /** The data folder already belongs to a running platform. */
  "already_running",
  /** A port that was asked for, or every port tried, is taken. */
  "port_taken",
  /** No usable redis-server or valkey-server. */
  "redis_missing",
  /** A service did not become ready, or died again and again. */
  "service_failed",
  /** No platform could be found where the command looked. */
  "no_platform",
  /** A service gave an answer that ends the command. */
  "refused",
  /** Something was not done within its bound. */
  "timeout",
  /** Ctrl-C before there was an answer. */
  "interrupted",
  /** A file cannot be read, or is not what its format says. */
  "file",
  /** Something was lost or counted twice in a bench: it gives no figure then. */
  "bench_failed",
] as const;

export type CliErrorCode = (typeof CLI_ERROR_CODES)[number];

/** Exit codes of the process. */
export const EXIT = Object.freeze({ ok: 0, failed: 1, usage: 2, interrupted: 130 });

/** An expected failure: its message is a sentence for the person at the terminal, shown without a stack. */
export class CliError extends Error {
  readonly code: CliErrorCode;

  constructor(code: CliErrorCode, message: string) {
    super(message);
    this.name = "CliError";
    this.code = code;
  }

  /** 2 for bad usage, 1 for everything else. */
  get exitCode(): number {
    return this.code === "usage" ? EXIT.usage : EXIT.failed;
  }
}

/** The text of anything that was thrown, with the cause that Node's network errors hide. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === "") {
    return error.errors.map(describeError).join("; ");
  }
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

/** The `code` of a system error such as `ENOENT`, or undefined. */
export function systemCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : undefined;
}
