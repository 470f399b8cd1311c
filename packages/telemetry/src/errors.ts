/** Every code that this package's errors carry. */
export const TELEMETRY_ERROR_CODES = [
  /** An environment variable has a value that cannot be used. Terminal: the same environment fails again. */
  "config_invalid",
] as const;

export type TelemetryErrorCode = (typeof TELEMETRY_ERROR_CODES)[number];

/** What goes wrong before telemetry runs. Once it runs it never throws: a lost span is counted instead. */
export class TelemetryError extends Error {
  readonly code: TelemetryErrorCode;

  constructor(code: TelemetryErrorCode, message: string) {
    super(message);
    this.name = "TelemetryError";
    this.code = code;
  }
}
