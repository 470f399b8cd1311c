import { PathTableBuilder, type PathTable } from "./path-table.ts";

/** How paths are simplified before a model sees them. */
export const PATH_TRANSFORMS = ["unique", "exposure", "first", "frequency"] as const;

export type PathTransform = (typeof PATH_TRANSFORMS)[number];

/**
 * Simplifies each path, and joins those that have become equal. The path D A B B C D C C becomes
 *
 *     unique      D A B B C D C C            as it is
 *     exposure    D A B C D C                repeats in a row become one
 *     first       D A B C                    the first of each channel
 *     frequency   D(2) A(1) B(2) C(3)        the first of each channel, told apart by how often it comes
 *
 * The name `unique` is that of the source. After `frequency`, A(1) and A(2) are different touches of the
 * channel A, which earns what both do.
 *
 * @param pathOf the new number of each path of the table is appended to it
 *
 * Source: google/fractribution `py/fractribution_model/tuple_transforms.py`, Snowplow's fractribution package.
 * Cost: one step a touch.
 */
export function transformPaths(
  table: PathTable,
  transform: PathTransform,
  pathOf: number[] = [],
): PathTable {
  if (transform === "unique") {
    for (const path of table.conversions.keys()) pathOf.push(path);
    return table;
  }
  const { channels, starts, touches, touchChannels, conversions, values, nulls } = table;
  const builder = new PathTableBuilder();
  const counted = new CountedTouches(touchChannels);
  const simplify = {
    exposure: collapseRepeats,
    first: firstOfEach,
    frequency: (path: Int32Array, out: Int32Array) => counted.simplify(path, out),
  }[transform];
  let longest = 0;
  for (let p = 0; p < conversions.length; p += 1) {
    longest = Math.max(longest, (starts[p + 1] ?? 0) - (starts[p] ?? 0));
  }
  const out = new Int32Array(longest);
  for (let p = 0; p < conversions.length; p += 1) {
    const length = simplify(touches.subarray(starts[p], starts[p + 1]), out);
    pathOf.push(builder.add(out, length, conversions[p] ?? 0, values[p] ?? 0, nulls[p] ?? 0));
  }
  return builder.finish(
    channels,
    transform === "frequency" ? Int32Array.from(counted.channels) : touchChannels,
  );
}

function collapseRepeats(path: Int32Array, out: Int32Array): number {
  let length = 0;
  for (const [i, touch] of path.entries()) {
    if (i > 0 && touch === path[i - 1]) continue;
    out[length] = touch;
    length += 1;
  }
  return length;
}

function firstOfEach(path: Int32Array, out: Int32Array): number {
  let length = 0;
  for (const touch of new Set(path)) {
    out[length] = touch;
    length += 1;
  }
  return length;
}

/** Numbers the pairs of a touch and how often it comes. */
class CountedTouches {
  readonly #touchChannels: Int32Array;
  /** By touch, then by count. */
  readonly #numbers: Map<number, number>[];
  /** The channel of each number given. */
  readonly channels: number[] = [];

  constructor(touchChannels: Int32Array) {
    this.#touchChannels = touchChannels;
    this.#numbers = Array.from(touchChannels, () => new Map());
  }

  simplify(path: Int32Array, out: Int32Array): number {
    const counts = new Map<number, number>();
    for (const touch of path) counts.set(touch, (counts.get(touch) ?? 0) + 1);
    let length = 0;
    for (const [touch, count] of counts) {
      out[length] = this.#number(touch, count);
      length += 1;
    }
    return length;
  }

  #number(touch: number, count: number): number {
    const byCount = this.#numbers[touch];
    if (byCount === undefined) throw new RangeError(`touch ${touch} has no channel`);
    let number = byCount.get(count);
    if (number === undefined) {
      number = this.channels.length;
      byCount.set(count, number);
      this.channels.push(this.#touchChannels[touch] ?? 0);
    }
    return number;
  }
}
