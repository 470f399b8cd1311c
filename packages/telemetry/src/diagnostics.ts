import { diag, DiagLogLevel } from "@opentelemetry/api";
import type { Logger } from "pino";

/** The levels that OTEL_LOG_LEVEL may name. */
export const DIAG_LOG_LEVELS = [
  "none",
  "error",
  "warn",
  "info",
  "debug",
  "verbose",
  "all",
] as const;

export type DiagLogLevelName = (typeof DIAG_LOG_LEVELS)[number];

const LEVELS: Readonly<Record<DiagLogLevelName, DiagLogLevel>> = {
  none: DiagLogLevel.NONE,
  error: DiagLogLevel.ERROR,
  warn: DiagLogLevel.WARN,
  info: DiagLogLevel.INFO,
  debug: DiagLogLevel.DEBUG,
  verbose: DiagLogLevel.VERBOSE,
  all: DiagLogLevel.ALL,
};

/**
 * Sends OpenTelemetry's own messages to `logger`. The SDK, left alone, prints them with `console`,
 * which would break every command that promises one JSON object on standard output. (At `debug` and
 * below it still prints one line, before this is called.)
 */
export function showDiagnostics(logger: Logger, level: DiagLogLevelName): void {
  const child = logger.child({ component: "opentelemetry" }, { level: "trace" });
  diag.setLogger(
    {
      error: (message, ...details) => child.error({ details }, message),
      warn: (message, ...details) => child.warn({ details }, message),
      info: (message, ...details) => child.info({ details }, message),
      debug: (message, ...details) => child.debug({ details }, message),
      verbose: (message, ...details) => child.trace({ details }, message),
    },
    { logLevel: LEVELS[level], suppressOverrideMessage: true },
  );
}
