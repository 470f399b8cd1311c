/** Every code that the reports service answers with or fails with, and the HTTP status that goes with it. */
export const REPORTS_ERROR_CODES = {
  /** A setting has a value that cannot be used. Terminal: the same environment fails again. */
  config_invalid: 500,
  /** A read key, or erase key, is missing or not known. */
  unauthorized: 401,
  /** Without keys the service answers only under names of its own machine, and those that are configured. */
  host_refused: 403,
  /** Without keys the service answers no page but its own. */
  origin_refused: 403,
  /** A request that cannot be read as HTTP, or whose body ends early. */
  request_malformed: 400,
  /** A body that is larger than the path takes. */
  body_too_large: 413,
  /** A body of a type that the path does not take. */
  unsupported_media_type: 415,
  /** The path takes other methods. */
  method_not_allowed: 405,
  /** The address came with too many wrong keys. Retryable, later. */
  locked_out: 429,
  /** There is no such path, or no such conversion. */
  not_found: 404,
  /** A parameter that the path does not have. */
  parameter_unknown: 400,
  /** A parameter that the path needs. */
  parameter_missing: 400,
  /** A parameter was given more than once, where it is not a list. */
  parameter_repeated: 400,
  model_unknown: 400,
  model_repeated: 400,
  dimension_unknown: 400,
  dimension_repeated: 400,
  /** More dimensions than a report can combine. */
  dimension_too_many: 400,
  time_invalid: 400,
  /** `asOf` is yet to come. */
  time_in_future: 400,
  /** `from` is not before `to`. */
  range_empty: 400,
  format_unknown: 400,
  /** A parameter that none of the models asked for takes. */
  parameter_unused: 400,
  choice_unknown: 400,
  confidence_invalid: 400,
  /** Not a number within the parameter's bounds. */
  number_invalid: 400,
  /** A window or half-life that cannot be read, or is longer than its bound. */
  window_invalid: 400,
  /** `leaveOut` cannot be read. */
  leave_out_invalid: 400,
  /** The range has more spans of time than a report may have rows. */
  interval_too_short: 400,
  /** No such time zone. */
  time_zone_unknown: 400,
  /** A custom model that cannot be read; the field says which part of it. */
  custom_model_invalid: 400,
  /** The model's equations are not solved within its bound. */
  model_unsolved: 400,
  /** timeoutMs is not a whole number within its bounds. */
  timeout_invalid: 400,
  /** Rows to import that cannot be read; none was taken. */
  import_invalid: 400,
  /** A mapping leaves open what only a person knows. */
  import_open: 400,
  /** The gateway does not accept the write key of an import. */
  write_key_refused: 403,
  /** An import that is over, or whose rows of events cannot be taken back. */
  import_final: 409,
  /** A body that names nobody to erase, or more than one ID. */
  erasure_invalid: 400,
  /** The key is of another tenant than the body names. */
  tenant_other: 403,
  /** No rate of a currency for a day. */
  rate_missing: 400,
  /** The report has more rows than its bound. */
  report_too_large: 400,
  /** The query ran longer than its bound. Retryable. */
  query_timeout: 503,
  /** The service stops. Retryable. */
  stopping: 503,
  /** As many exports as may run are running, or as many questions run and wait. Retryable. */
  busy: 429,
  /** Redis or the warehouse does not answer. Retryable. */
  unavailable: 503,
  /** A fault of the service; the log has it. */
  internal: 500,
} as const;

export type ReportsErrorCode = keyof typeof REPORTS_ERROR_CODES;

/** Details of a bad question. */
export interface ErrorDetails {
  /** The parameter or variable at fault. */
  readonly field?: string;
  /** What it held, shortened. */
  readonly given?: string;
  readonly allowed?: readonly string[];
  /** Whole seconds after which to ask again. */
  readonly retryAfterSeconds?: number;
  /** Rows of an import at fault, the first hundred. */
  readonly refused?: readonly RefusedRow[];
}

/** A row of an import that cannot be read. */
export interface RefusedRow {
  /** Line of a CSV file, or place in a JSON array, from 1. */
  readonly line: number;
  readonly field: string;
  readonly reason: string;
}

/** An error that the service may show to the client. */
export class ReportsError extends Error {
  readonly code: ReportsErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ReportsErrorCode, message: string, details: ErrorDetails = {}) {
    super(message);
    this.name = "ReportsError";
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return REPORTS_ERROR_CODES[this.code];
  }
}
