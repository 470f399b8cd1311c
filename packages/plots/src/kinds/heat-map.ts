import { element } from "../drawing/element.ts";
import { type Caption, CHARACTER_PX, figure, fitted, hint, label } from "../drawing/figure.ts";
import type { Amount } from "./bars.ts";

export interface HeatMapOptions extends Caption {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly label: string; readonly amounts: readonly Amount[] }[];
  readonly width?: number;
}

const ROW_PX = 26;
const HEAD_PX = 84;
const MAX_LABEL_PX = 300;

/** A table whose cells are the darker the larger their value: credits of a conversion, touchpoint by model. */
export function heatMap({ columns, rows, width = 900, ...caption }: HeatMapOptions): string {
  const height = HEAD_PX + rows.length * ROW_PX;
  const most = Math.max(
    0,
    ...rows.flatMap((row) => row.amounts.map(({ value }) => Math.abs(value))),
  );
  return figure({ width, height }, caption, [], (room) => {
    const widest = Math.max(0, ...rows.map((row) => Array.from(row.label).length)) * CHARACTER_PX;
    const left = Math.min(MAX_LABEL_PX, widest + 12);
    const columnPx = (room.width - left) / Math.max(1, columns.length);
    const head = columns.map((name, i) =>
      element(
        "g",
        {},
        hint(name),
        label(left + (i + 0.5) * columnPx, 12, fitted(name, columnPx - 4), "faint middle"),
      ),
    );
    const body = rows.map((row, r) => {
      const y = 22 + r * ROW_PX;
      const cells = row.amounts.map((amount, c) =>
        cell(amount, most, left + c * columnPx, y, columnPx),
      );
      const name = label(left - 8, y + 17, fitted(row.label, left - 10), "end");
      return element("g", {}, hint(row.label), name) + cells.join("");
    });
    return head.join("") + body.join("");
  });
}

function cell(
  { value, text }: Amount,
  most: number,
  x: number,
  y: number,
  widthPx: number,
): string {
  const share = most === 0 ? 0 : Math.abs(value) / most;
  return (
    element("rect", {
      class: value < 0 ? "s7" : "s0",
      x: x + 1,
      y: y + 1,
      width: widthPx - 2,
      height: ROW_PX - 2,
      // Half at most: the text on it keeps its contrast.
      "fill-opacity": share * 0.5,
    }) + label(x + widthPx / 2, y + 17, fitted(text, widthPx - 4), "middle")
  );
}
