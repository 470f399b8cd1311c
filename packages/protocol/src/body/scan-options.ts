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
  /** Clock differences up to this are left alone, ms; larger ones are corrected by `sentAt`. */
  readonly clockToleranceMs: number;
}
