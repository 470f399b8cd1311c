/** A question to the reports, over HTTP or on the data folder. */
export interface ReportQuestion {
  readonly models: readonly string[];
  readonly by: readonly string[];
  /** JSON of custom models. */
  readonly custom?: string | undefined;
  /** The other parameters of the reports service, by name; as text. */
  readonly [parameter: string]: string | readonly string[] | undefined;
}
