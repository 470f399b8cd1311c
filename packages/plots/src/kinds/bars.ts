import { element } from "../drawing/element.ts";
import { type Caption, CHARACTER_PX, figure, fitted, hint, label } from "../drawing/figure.ts";
import { linearScale } from "../drawing/axis.ts";
import { seriesClass } from "../drawing/theme.ts";

/** A value of one series, and the text that is exact. */
export interface Amount {
  readonly value: number;
  readonly text: string;
}

/** A row of bars: one bar for each series. */
export interface BarRow {
  readonly label: string;
  readonly amounts: readonly Amount[];
}

export interface BarsOptions extends Caption {
  readonly rows: readonly BarRow[];
  /** Names of the series, in the order of the rows' amounts. */
  readonly series: readonly string[];
  readonly width?: number;
}

const BAR_PX = 14;
const GAP_PX = 10;
const HEAD_PX = 76;
const MAX_LABEL_PX = 220;

/** Horizontal bars, a group for each row: credits of channels, one series a model. */
export function bars({ rows, series, width = 760, ...caption }: BarsOptions): string {
  const groupPx = Math.max(1, series.length) * BAR_PX + GAP_PX;
  const height = HEAD_PX + rows.length * groupPx + (series.length > 1 ? 18 : 0);
  return figure({ width, height }, caption, series, (room) => {
    const labelPx = Math.min(MAX_LABEL_PX, longest(rows.map((row) => row.label)) + 10);
    const amounts = rows.flatMap((row) => row.amounts);
    const textPx = longest(amounts.map(({ text }) => text)) + 10;
    const scale = linearScale(
      amounts.map(({ value }) => value),
      Math.max(40, room.width - labelPx - textPx),
    );
    return rows
      .map((row, i) => {
        const y = i * groupPx;
        const middle = y + (groupPx - GAP_PX) / 2 + 4;
        return (
          element(
            "g",
            {},
            hint(row.label),
            label(labelPx - 8, middle, fitted(row.label, labelPx - 8), "end"),
          ) +
          row.amounts
            .map((amount, s) => barOf(amount, seriesClass(s), labelPx, y + s * BAR_PX, scale))
            .join("")
        );
      })
      .join("");
  });
}

function barOf(
  { value, text }: Amount,
  style: string,
  left: number,
  y: number,
  scale: { at: (value: number) => number },
): string {
  const [from, to] = [scale.at(Math.min(0, value)), scale.at(Math.max(0, value))];
  const bar = {
    class: style,
    x: left + from,
    y: y + 1,
    width: Math.max(to - from, 0.5),
    height: BAR_PX - 2,
  };
  return element("rect", bar) + label(left + to + 5, y + BAR_PX - 3, text, "faint");
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map((text) => Array.from(text).length)) * CHARACTER_PX;
}
