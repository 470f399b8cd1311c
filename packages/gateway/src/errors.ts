/** Every error code that the gateway answers with, and its status. docs/event-api.md explains each. */
export const GATEWAY_ERRORS = {
  request_malformed: 400,
  body_malformed: 400,
  body_empty: 400,
  all_refused: 400,
  unauthorized: 401,
  tenant_other: 403,
  host_refused: 403,
  origin_refused: 403,
  not_found: 404,
  method_not_allowed: 405,
  body_too_large: 413,
  too_many_events: 413,
  unsupported_media_type: 415,
  unsupported_encoding: 415,
  rate_limited: 429,
  backlog_full: 503,
  overloaded: 503,
  stopping: 503,
  redis_away: 503,
  redis_full: 503,
  not_replicated: 503,
  /** Inside the gateway only: a sender that cannot send again gets its answer all the same. */
  spool_full: 503,
  spool_failed: 503,
  target_refused: 400,
  postback_refused: 400,
  internal: 500,
} as const;

export type GatewayErrorCode = keyof typeof GATEWAY_ERRORS;

/** A request that cannot be taken as a whole. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  readonly status: number;
  /** Whole seconds after which to try again; undefined where that would not help. */
  readonly retryAfterSeconds: number | undefined;

  /** @param status where it is not the code's own: some clients understand another one better */
  constructor(
    code: GatewayErrorCode,
    message: string,
    retryAfterSeconds?: number,
    status: number = GATEWAY_ERRORS[code],
  ) {
    super(message);
    this.name = "GatewayError";
    this.code = code;
    this.status = status;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
