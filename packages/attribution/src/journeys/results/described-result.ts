/** A result in words, for the batch's trace. */
export interface DescribedResult {
  readonly conversionId: string;
  /** "" where the conversion has none. */
  readonly orderId: string;
  readonly revision: number;
  /** Index into REVISION_REASONS. */
  readonly reason: number;
  readonly touches: number;
  /** Channels of the path in its order; long paths are cut. */
  readonly path: readonly string[];
  /** Shares of the touchpoints in {@link path}, by model. */
  readonly credits: Readonly<Record<string, readonly number[]>>;
}

/** Results of a batch that are described, and touchpoints of each: a span has little room. */
export const MAX_DESCRIBED = 32;
export const MAX_DESCRIBED_TOUCHES = 20;

/**
 * Shares of the first touchpoints, by model.
 * @param weights for each model, for each touch in path order, a weight @param touches of the whole path
 */
export function creditsOf(
  models: readonly string[],
  weights: Float64Array,
  touches: number,
): Record<string, readonly number[]> {
  return Object.fromEntries(
    models.map((model, m) => {
      const of = Array.from(weights.subarray(m * touches, (m + 1) * touches));
      const sum = of.reduce((total, weight) => total + weight, 0);
      return [model, of.slice(0, MAX_DESCRIBED_TOUCHES).map((weight) => weight / sum)];
    }),
  );
}
