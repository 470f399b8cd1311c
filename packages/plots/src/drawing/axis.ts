import { nice, ticks } from "d3-array";
import { element } from "./element.ts";
import { label } from "./figure.ts";

/** Values and where they lie. */
export interface LinearScale {
  /** From the lowest value to the highest, both round. */
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
  /** Pixels from the beginning of the axis. */
  at(value: number): number;
}

/**
 * A scale from 0, or from the lowest value where that is negative, to a round value not below the highest.
 * @param lengthPx of the axis @param count of ticks, about
 */
export function linearScale(values: readonly number[], lengthPx: number, count = 5): LinearScale {
  const finite = values.filter((value) => Number.isFinite(value));
  const low = Math.min(0, ...finite);
  const high = Math.max(0, ...finite);
  // Values so near to 0 that no length can show them have the scale of none.
  const isFlat = !Number.isFinite(lengthPx / (high - low));
  const [from, to] = isFlat ? [0, 1] : nice(low, high, count);
  const pixels = lengthPx / (to - from);
  return {
    domain: [from, to],
    ticks: ticks(from, to, count),
    at: (value) => (value - from) * pixels,
  };
}

/** A number as an axis shows it: `1.5 M`, `20 k`, `0.25`. */
export function axisText(value: number): string {
  return new Intl.NumberFormat("en-US", {
    notation: "compact",
    maximumSignificantDigits: 3,
  }).format(value);
}

/** Lines across the plot at a vertical axis' ticks, with their values left of it. @param leftPx room for the values */
export function verticalAxis(
  scale: LinearScale,
  heightPx: number,
  leftPx: number,
  widthPx: number,
): string {
  return scale.ticks
    .map((value) => {
      const y = heightPx - scale.at(value);
      return (
        element("line", { class: "line", x1: leftPx, x2: widthPx, y1: y, y2: y }) +
        label(leftPx - 6, y + 4, axisText(value), "faint end")
      );
    })
    .join("");
}
