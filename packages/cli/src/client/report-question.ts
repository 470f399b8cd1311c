/** A question to the reports, over HTTP or on the data folder. */
export interface ReportQuestion {
  readonly models: readonly string[];
  readonly by: readonly string[];
  /** JSON of models of one's own. */
  readonly custom?: string | undefined;
  /** Everything else that the reports service may be asked, by its parameter's name; as text. */
  readonly [parameter: string]: string | readonly string[] | undefined;
}
