/** Scales the weights to a sum of 1; all equal where they are all 0. */
export function normalise(weights: Float64Array, offset: number, length: number): void {
  let sum = 0;
  for (let i = offset; i < offset + length; i += 1) sum += weights[i] ?? 0;
  if (sum === 0) {
    weights.fill(1 / length, offset, offset + length);
    return;
  }
  for (let i = offset; i < offset + length; i += 1) weights[i] = (weights[i] ?? 0) / sum;
}
