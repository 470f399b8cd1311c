import { area, stack } from "d3-shape";
import { element } from "../drawing/element.ts";
import { linearScale, verticalAxis } from "../drawing/axis.ts";
import { type Caption, CHARACTER_PX, figure, hint, label } from "../drawing/figure.ts";
import { seriesClass } from "../drawing/theme.ts";

export interface StackedAreaOptions extends Caption {
  /** Names of the moments, in their order: days, weeks or months. */
  readonly moments: readonly string[];
  readonly series: readonly {
    readonly name: string;
    /** One for each moment; none below 0. */
    readonly values: readonly number[];
  }[];
  readonly width?: number;
  readonly height?: number;
}

const LEFT_PX = 56;
const BOTTOM_PX = 26;

/** Values over time, one series on the other: the value by day and channel. */
export function stackedArea({
  moments,
  series,
  width = 760,
  height = 340,
  ...caption
}: StackedAreaOptions): string {
  const names = series.map(({ name }) => name);
  return figure({ width, height }, caption, names, (room) => {
    const plotPx = room.height - BOTTOM_PX;
    const totals = moments.map((_, i) =>
      series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
    );
    const scale = linearScale(totals, plotPx);
    const stepPx = (room.width - LEFT_PX) / Math.max(1, moments.length - 1);
    const x = (i: number): number => LEFT_PX + (moments.length === 1 ? 0 : i * stepPx);
    const layers = stack<number, number>()
      .keys(series.keys())
      .value((moment, key) => series[key]?.values[moment] ?? 0)([...moments.keys()]);
    const shape = area<readonly [number, number]>()
      .digits(2)
      .x((_, i) => x(i))
      .y0(([low]) => plotPx - scale.at(low))
      .y1(([, high]) => plotPx - scale.at(high));
    const areas = layers.map((layer, i) => {
      const points = layer.map(([low, high]): readonly [number, number] => [low, high]);
      return element(
        "path",
        { class: seriesClass(i), d: shape(points) ?? "" },
        hint(names[i] ?? ""),
      );
    });
    return (
      verticalAxis(scale, plotPx, LEFT_PX, room.width) +
      areas.join("") +
      momentLabels(moments, x, room.width, plotPx + 18)
    );
  });
}

function momentLabels(
  moments: readonly string[],
  x: (i: number) => number,
  widthPx: number,
  y: number,
): string {
  const widest = Math.max(1, ...moments.map((moment) => moment.length * CHARACTER_PX)) + 16;
  const every = Math.max(1, Math.ceil(moments.length / Math.max(1, Math.floor(widthPx / widest))));
  return moments
    .map((moment, i) => {
      if (i % every !== 0) return "";
      const isEdge = i + every >= moments.length && x(i) + widest / 2 > widthPx;
      const style = isEdge ? "faint end" : "faint middle";
      return label(x(i), y, moment, style);
    })
    .join("");
}
