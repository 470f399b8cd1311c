import type { PathTable } from "@tributary/attribution";
import { LabError } from "../errors.ts";

const CHANNELS_MAX = 20;

/**
 * Shapley values by their definition, over all 2^n coalitions, to check the model's shorter computation:
 *
 *     φ(i) = Σ over S without i of |S|!·(n−|S|−1)!/n! · (v(S ∪ i) − v(S)),  v(S) = conversions of paths within S
 *
 * Cost: n·2^n, hence at most 20 channels.
 */
export function shapleyByDefinition(table: PathTable): Record<string, number> {
  const { channels, starts, touches, touchChannels, conversions } = table;
  const n = channels.length;
  if (n > CHANNELS_MAX) {
    throw new LabError("file", `expected at most ${CHANNELS_MAX} channels in PathData, got ${n}`);
  }
  const worth = new Float64Array(2 ** n);
  for (let p = 0; p < conversions.length; p += 1) {
    let set = 0;
    for (const touch of touches.subarray(starts[p], starts[p + 1])) {
      set |= 1 << (touchChannels[touch] ?? 0);
    }
    if (set !== 0) worth[set] = (worth[set] ?? 0) + (conversions[p] ?? 0);
  }
  // Sums over subsets, a channel at a time.
  for (let i = 0; i < n; i += 1) {
    for (let set = 0; set < worth.length; set += 1) {
      if ((set & (1 << i)) !== 0) worth[set] = (worth[set] ?? 0) + (worth[set ^ (1 << i)] ?? 0);
    }
  }
  const weights = [1 / n];
  for (let size = 1; size < n; size += 1) {
    weights.push(((weights[size - 1] ?? 0) * size) / (n - size));
  }
  const values: Record<string, number> = {};
  for (const [i, name] of channels.entries()) {
    let value = 0;
    for (let set = 0; set < worth.length; set += 1) {
      if ((set & (1 << i)) !== 0) continue;
      value += (weights[sizeOf(set)] ?? 0) * ((worth[set | (1 << i)] ?? 0) - (worth[set] ?? 0));
    }
    values[name] = value;
  }
  return values;
}

function sizeOf(set: number): number {
  let size = 0;
  for (let rest = set; rest !== 0; rest &= rest - 1) size += 1;
  return size;
}
