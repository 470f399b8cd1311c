import { AttributionError } from "../../errors.ts";
import type { PathCounts, PathTable } from "../path-table.ts";

/** The state before the first touch. */
export const START = 0;

/**
 * The states of an order-k chain and the steps between them: which there are, not how often. Sparse: the
 * steps out of state s are `rowStarts[s]` … `rowStarts[s + 1] - 1`, each to `targets[step]`.
 */
export interface StateChain {
  /** How many states there are, `START` among them; conversion and null are not. */
  readonly stateCount: number;
  readonly rowStarts: Int32Array;
  readonly targets: Int32Array;
  /** Channel numbers of state s at `order * s` … `order * s + order - 1`; −1 where it holds fewer. */
  readonly stateChannels: Int32Array;
  readonly order: number;
  /** The steps that path p takes: `pathSteps[pathStarts[p]]` … `pathSteps[pathStarts[p + 1] - 1]`. */
  readonly pathStarts: Int32Array;
  readonly pathSteps: Int32Array;
}

/** How likely each step is, and each end, out of its state. */
export interface StepProbabilities {
  /** By step. */
  readonly step: Float64Array;
  /** By state: of converting right after it. */
  readonly conversion: Float64Array;
}

/**
 * The order-k chain of the paths: a state is k touches in a row (a shorter path is one state), and equal
 * states in a row are one. Paths without a touch are not in it.
 *
 * Example, order 2: A B B B C goes start → AB → BB → BC; A A A A goes start → AA; A goes start → A.
 *
 * @throws AttributionError `paths_invalid` where there are too many touch numbers to code k of them as one.
 * Cost: two look-ups in a hash map a touch.
 */
export function buildStateChain(table: PathTable, order: number): StateChain {
  const { starts, touches, touchChannels, conversions } = table;
  const base = touchChannels.length + 1;
  const highest = base ** (order - 1);
  if (highest * base > Number.MAX_SAFE_INTEGER) {
    throw new AttributionError(
      "paths_invalid",
      `channels: expected (number of channels + 1)^${order} below 2^53, got ${base - 1} channels`,
    );
  }
  const states = new Map<number, number>();
  const stateChannels: number[] = Array.from({ length: order }, () => -1);
  const stepNumbers = new Map<number, number>();
  const stepFrom: number[] = [];
  const stepTo: number[] = [];
  const pathSteps: number[] = [];
  const pathStarts = new Int32Array(conversions.length + 1);

  for (let p = 0; p < conversions.length; p += 1) {
    const from = starts[p] ?? 0;
    const to = starts[p + 1] ?? 0;
    let key = 0;
    let state = START;
    for (let i = from; i < to; i += 1) {
      // The last k touches as digits, the oldest first; a leading 0 is no touch.
      key = (key % highest) * base + (touches[i] ?? 0) + 1;
      if (i < to - 1 && i - from < order - 1) continue;
      let next = states.get(key);
      if (next === undefined) {
        next = states.size + 1;
        states.set(key, next);
        pushChannels(key, base, order, touchChannels, stateChannels);
      }
      if (next === state) continue;
      // 2^26 states have room in a key that float64 holds exactly; there are no more than touches.
      const stepKey = state * 2 ** 26 + next;
      let step = stepNumbers.get(stepKey);
      if (step === undefined) {
        step = stepNumbers.size;
        stepNumbers.set(stepKey, step);
        stepFrom.push(state);
        stepTo.push(next);
      }
      pathSteps.push(step);
      state = next;
    }
    pathStarts[p + 1] = pathSteps.length;
  }
  const stateCount = states.size + 1;
  const { rowStarts, places } = sortByRow(stepFrom, stateCount);
  const targets = new Int32Array(stepTo.length);
  for (const [step, target] of stepTo.entries()) targets[places[step] ?? 0] = target;
  return {
    stateCount,
    rowStarts,
    targets,
    stateChannels: Int32Array.from(stateChannels),
    order,
    pathStarts,
    pathSteps: Int32Array.from(pathSteps, (step) => places[step] ?? 0),
  };
}

function pushChannels(
  key: number,
  base: number,
  order: number,
  touchChannels: Int32Array,
  out: number[],
): void {
  let rest = key;
  for (let i = 0; i < order; i += 1) {
    const digit = rest % base;
    out.push(digit === 0 ? -1 : (touchChannels[digit - 1] ?? -1));
    rest = (rest - digit) / base;
  }
}

/** A counting sort: where each step goes when steps lie by the state they leave. */
function sortByRow(
  stepFrom: readonly number[],
  stateCount: number,
): { rowStarts: Int32Array; places: Int32Array } {
  const rowStarts = new Int32Array(stateCount + 1);
  for (const from of stepFrom) rowStarts[from + 1] = (rowStarts[from + 1] ?? 0) + 1;
  for (let s = 0; s < stateCount; s += 1)
    rowStarts[s + 1] = (rowStarts[s + 1] ?? 0) + (rowStarts[s] ?? 0);
  const next = rowStarts.slice();
  const places = new Int32Array(stepFrom.length);
  for (const [step, from] of stepFrom.entries()) {
    const place = next[from] ?? 0;
    places[step] = place;
    next[from] = place + 1;
  }
  return { rowStarts, places };
}

/**
 * How likely each step is: a path of c conversions and u nulls adds c + u to each step it takes, and c to
 * the conversion and u to the null after its last state. States that no counted path visits keep 0.
 */
export function stepProbabilities(chain: StateChain, counts: PathCounts): StepProbabilities {
  const { stateCount, rowStarts, targets, pathStarts, pathSteps } = chain;
  const step = new Float64Array(targets.length);
  const conversion = new Float64Array(stateCount);
  const out = new Float64Array(stateCount);
  for (let p = 0; p + 1 < pathStarts.length; p += 1) {
    const from = pathStarts[p] ?? 0;
    const to = pathStarts[p + 1] ?? 0;
    if (from === to) continue;
    const converted = counts.conversions[p] ?? 0;
    const weight = converted + (counts.nulls[p] ?? 0);
    for (let i = from; i < to; i += 1) {
      const taken = pathSteps[i] ?? 0;
      step[taken] = (step[taken] ?? 0) + weight;
    }
    const last = targets[pathSteps[to - 1] ?? 0] ?? 0;
    conversion[last] = (conversion[last] ?? 0) + converted;
    out[last] = (out[last] ?? 0) + weight;
  }
  for (let s = 0; s < stateCount; s += 1) {
    const from = rowStarts[s] ?? 0;
    const to = rowStarts[s + 1] ?? 0;
    let total = out[s] ?? 0;
    for (let i = from; i < to; i += 1) total += step[i] ?? 0;
    if (total === 0) continue;
    for (let i = from; i < to; i += 1) step[i] = (step[i] ?? 0) / total;
    conversion[s] = (conversion[s] ?? 0) / total;
  }
  return { step, conversion };
}
