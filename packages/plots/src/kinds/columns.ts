import { element } from "../drawing/element.ts";
import { axisText, linearScale, verticalAxis } from "../drawing/axis.ts";
import { type Caption, CHARACTER_PX, figure, fitted, hint, label } from "../drawing/figure.ts";
import { seriesClass } from "../drawing/theme.ts";

/** A column and what it stands for. */
export interface Column {
  readonly label: string;
  readonly value: number;
  /** Exact, where the value is too coarse; shown where the pointer rests. */
  readonly text?: string;
}

export interface ColumnsOptions extends Caption {
  readonly columns: readonly Column[];
  readonly width?: number;
  readonly height?: number;
}

const LEFT_PX = 56;
const BOTTOM_PX = 26;

/** Vertical columns side by side: a distribution, such as the days until a conversion. */
export function columns({
  columns: all,
  width = 760,
  height = 320,
  ...caption
}: ColumnsOptions): string {
  return figure({ width, height }, caption, [], (room) => {
    const plotPx = room.height - BOTTOM_PX;
    const scale = linearScale(
      all.map(({ value }) => value),
      plotPx,
    );
    const stepPx = (room.width - LEFT_PX) / Math.max(1, all.length);
    // Labels that would touch each other are left out.
    const widestPx =
      Math.max(1, ...all.map((one) => Array.from(one.label).length * CHARACTER_PX)) + 8;
    const every = Math.max(1, Math.ceil(Math.min(widestPx, 90) / stepPx));
    const drawn = all.map((column, i) => {
      const x = LEFT_PX + i * stepPx;
      const top = scale.at(Math.max(0, column.value));
      const low = scale.at(Math.min(0, column.value));
      return (
        element(
          "rect",
          {
            class: seriesClass(0),
            x: x + stepPx * 0.1,
            y: plotPx - top,
            width: stepPx * 0.8,
            height: top - low,
          },
          hint(`${column.label}: ${column.text ?? axisText(column.value)}`),
        ) +
        (i % every === 0
          ? label(x + stepPx / 2, plotPx + 18, fitted(column.label, 90), "faint middle")
          : "")
      );
    });
    return verticalAxis(scale, plotPx, LEFT_PX, room.width) + drawn.join("");
  });
}
