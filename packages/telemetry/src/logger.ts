import { context, isSpanContextValid, trace } from "@opentelemetry/api";
import { pino, stdSerializers, stdTimeFunctions } from "pino";
import type { DestinationStream, Logger, SerializedError } from "pino";
import type { LogLevel } from "./config.ts";
import { redactText } from "./redact.ts";

export interface LoggerOptions {
  readonly service: string;
  readonly instance: string;
  readonly level: LogLevel;
  /** Where lines go; standard output without it. */
  readonly destination?: DestinationStream;
}

/**
 * A logger that writes one JSON object a line: `level` as a word, `time` in ISO 8601, `service`,
 * `instance`, the active span's `trace_id` and `span_id`, and what is logged. Credentials are taken
 * out of the finished line (see redact.ts), so also out of child loggers and error messages.
 */
export function createLogger(options: LoggerOptions): Logger {
  return pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      mixin: activeTrace,
      serializers: { err: serializeError },
      hooks: { streamWrite: redactText },
    },
    options.destination ?? pino.destination({ fd: 1, sync: true }),
  );
}

/** Names that the OpenTelemetry specification gives to trace context in logs that are not OTLP. */
function activeTrace(): { trace_id?: string; span_id?: string } {
  const spanContext = trace.getSpanContext(context.active());
  if (spanContext === undefined || !isSpanContextValid(spanContext)) return {};
  return { trace_id: spanContext.traceId, span_id: spanContext.spanId };
}

/**
 * An error as pino shows it, but for the arguments that ioredis hangs on its errors: they hold
 * passwords (AUTH) and whole events (XADD).
 */
function serializeError(error: Error): SerializedError {
  const shown = stdSerializers.err(error);
  const command: unknown = shown["command"];
  if (typeof command === "object" && command !== null && "name" in command) {
    shown["command"] = command.name;
  }
  return shown;
}
