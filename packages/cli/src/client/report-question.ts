/** A question to the reports, over HTTP or on the data folder. */
export interface ReportQuestion {
  readonly models: readonly string[];
  readonly by: readonly string[];
  /** ISO 8601; conversions from then on. */
  readonly from?: string | undefined;
  /** ISO 8601; conversions before then. */
  readonly to?: string | undefined;
  /** ISO 8601; what was known then. */
  readonly asOf?: string | undefined;
  /** How models over paths simplify them. */
  readonly transform?: string | undefined;
  /** "false": journeys that did not convert do not count. */
  readonly nonConverting?: string | undefined;
  /** Of the intervals around credits of models over paths. */
  readonly confidence?: string | undefined;
}
