import { OperationalError } from "@tributary/platform/errors";

/** Every code that {@link CliError} carries. */
export const CLI_ERROR_CODES = [
  /** An option or argument is not what the command takes. */
  "usage",
  /** The command found no platform. */
  "no_platform",
  /** A service gave an answer that ends the command. */
  "refused",
  /** A bound in time was exceeded. */
  "timeout",
  /** A file cannot be read, or does not have its format. */
  "file",
] as const;

export type CliErrorCode = (typeof CLI_ERROR_CODES)[number];

/** Exit codes of the process. */
export const EXIT = Object.freeze({ ok: 0, failed: 1, usage: 2, interrupted: 130 });

/** A command could not do its work. */
export class CliError extends OperationalError<CliErrorCode> {}

/** 2 for bad usage, 1 for every other expected failure. */
export function exitCodeOf(error: OperationalError): number {
  return error.code === "usage" ? EXIT.usage : EXIT.failed;
}
