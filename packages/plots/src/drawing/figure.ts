import { element, escapeText } from "./element.ts";
import { seriesClass, styleText } from "./theme.ts";

/** What every plot says of itself. */
export interface Caption {
  readonly title: string;
  /** One sentence with what the plot shows, for readers who do not see it. */
  readonly summary: string;
}

/** Room that a plot takes, pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Of the title's line and of the legend's, pixels. */
const LINE_PX = 24;
const PADDING_PX = 12;
/** Width of a character of the type that is used, about, pixels. */
export const CHARACTER_PX = 6.6;

/**
 * A drawing that stands alone: its ground, title, legend, and below them the plot.
 * @param series names for the legend, in the order of their colours; one alone needs none
 * @param plot draws into the room that is left, from (0, 0) on
 */
export function figure(
  { width, height }: Size,
  caption: Caption,
  series: readonly string[],
  plot: (room: Size) => string,
): string {
  const legend = series.length > 1 ? legendOf(series, width - 2 * PADDING_PX) : undefined;
  const top = PADDING_PX + LINE_PX + (legend?.heightPx ?? 0);
  const room = { width: width - 2 * PADDING_PX, height: height - top - PADDING_PX };
  return element(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      role: "img",
      "aria-label": `${caption.title}. ${caption.summary}`,
    },
    element("title", {}, escapeText(caption.title)),
    element("desc", {}, escapeText(caption.summary)),
    element("style", {}, styleText()),
    element("rect", { class: "ground", width, height }),
    label(PADDING_PX, PADDING_PX + 12, caption.title, "title"),
    legend === undefined
      ? ""
      : element(
          "g",
          { transform: `translate(${PADDING_PX},${PADDING_PX + LINE_PX})` },
          legend.text,
        ),
    element("g", { transform: `translate(${PADDING_PX},${top})` }, plot(room)),
  );
}

/** A text at its baseline. @param style of {@link styleText}, several separated by spaces */
export function label(x: number, y: number, text: string, style?: string): string {
  return element("text", { x, y, class: style }, escapeText(text));
}

/** A text of at most so many pixels, about; the last character is `…` where some are missing. */
export function fitted(text: string, widthPx: number): string {
  const most = Math.max(1, Math.floor(widthPx / CHARACTER_PX));
  const characters = Array.from(text);
  return characters.length <= most ? text : `${characters.slice(0, most - 1).join("")}…`;
}

/** Shows the whole of a text where the pointer rests. */
export function hint(text: string): string {
  return element("title", {}, escapeText(text));
}

function legendOf(series: readonly string[], widthPx: number): { text: string; heightPx: number } {
  const parts: string[] = [];
  let x = 0;
  let y = 0;
  for (const [i, name] of series.entries()) {
    const text = fitted(name, widthPx - 20);
    const room = 20 + Array.from(text).length * CHARACTER_PX + 14;
    if (x > 0 && x + room > widthPx) {
      x = 0;
      y += 18;
    }
    parts.push(
      element("rect", { class: seriesClass(i), x, y, width: 12, height: 12, rx: 2 }),
      label(x + 17, y + 10, text),
    );
    x += room;
  }
  return { text: parts.join(""), heightPx: y + LINE_PX };
}
