/** Every code that this package's errors carry. All are terminal: the same input fails again. */
export const ATTRIBUTION_ERROR_CODES = [
  /** Model options name an unknown field, or a value out of its range. */
  "model_options_invalid",
  /** A custom model's data name an unknown field, or a value that the field does not take. */
  "custom_model_invalid",
  /** Aggregated paths name an unknown channel, or a count that is negative or not finite. */
  "paths_invalid",
  /** A Markov chain whose journeys go round for so long that its removal effects are not found within the bound. */
  "markov_unsolved",
  /** A value or its weights cannot be shared out: negative, not finite, missing, or all zero. */
  "shares_invalid",
] as const;

export type AttributionErrorCode = (typeof ATTRIBUTION_ERROR_CODES)[number];

/** Input that has no attribution. A conversion without touchpoints is a value (unattributed), not an error. */
export class AttributionError extends Error {
  readonly code: AttributionErrorCode;

  constructor(code: AttributionErrorCode, message: string) {
    super(message);
    this.name = "AttributionError";
    this.code = code;
  }
}
