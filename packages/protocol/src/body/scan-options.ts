export interface ScanOptions {
  /** The server's clock, ms since 1970. */
  readonly now: number;
  /** Code of the tenant in the scanner's tenant dictionary. */
  readonly tenant: number;
  /** Most events in a batch. */
  readonly maxEvents: number;
  /** Most bytes of one event, packed. */
  readonly maxEventBytes: number;
  /** How far ahead of `now` an event's (corrected) time may lie, ms. */
  readonly maxFutureMs: number;
  /** A sender's clock that is ahead of arrival by more is corrected by `sentAt`, in steps of this, ms. */
  readonly clockToleranceMs: number;
  /** Longest that a body may be under way, all its tries included, ms: only a clock that is behind by more is corrected. */
  readonly maxTransitMs: number;
}
