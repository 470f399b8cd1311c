/** Every code of this package's errors. `retryable` says which of them may pass by themselves. */
export const WAREHOUSE_ERROR_CODES = [
  /** Another process holds the chDB folder. Terminal until that process ends. */
  "data_dir_locked",
  /** The engine cannot be opened or reached. Retryable. */
  "unavailable",
  /** A query ran longer than its bound. Retryable, with a smaller question or a larger bound. */
  "query_timeout",
  /** The engine refused a statement. Terminal: the same statement fails again. */
  "query_failed",
  /** The engine has no time zone of a name that the runtime knows: the message is the name. Terminal. */
  "time_zone_unknown",
  /** Rows were not inserted. Retryable: the next try replaces those that were. */
  "insert_failed",
  /** The database was migrated by a newer version. Terminal. */
  "schema_newer",
  /** The platform was loaded into another warehouse. Terminal until that one is opened or this one adopted. */
  "warehouse_mismatch",
  /** A block's bytes cannot be decoded. Terminal: the same bytes fail again. */
  "block_undecodable",
  /** A report has more rows than its bound. Terminal: ask for fewer dimensions or a shorter range. */
  "report_too_large",
] as const;

export type WarehouseErrorCode = (typeof WAREHOUSE_ERROR_CODES)[number];

const RETRYABLE: readonly WarehouseErrorCode[] = ["unavailable", "query_timeout", "insert_failed"];

/** A failure between the platform and its warehouse. */
export class WarehouseError extends Error {
  readonly code: WarehouseErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;

  constructor(code: WarehouseErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "WarehouseError";
    this.code = code;
    this.retryable = RETRYABLE.includes(code);
  }
}

/** The failure of a statement that the engine refused, by what it says of it. */
export function refusedStatement(message: string, cause: unknown): WarehouseError {
  const zone = /Cannot load time zone ([\w+/-]+)/.exec(message)?.[1];
  return zone === undefined
    ? new WarehouseError("query_failed", message, cause)
    : new WarehouseError("time_zone_unknown", zone, cause);
}

/** An error's message, or a thrown value as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
