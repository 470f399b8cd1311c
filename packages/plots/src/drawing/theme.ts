/** Colours of series on a light ground. Each differs from it by 3:1 at least, and from its neighbours for the colour-blind. */
export const LIGHT_SERIES = [
  "#0b6fb8",
  "#c8500a",
  "#00805c",
  "#a8447e",
  "#6b4fb0",
  "#8a6a00",
  "#58636e",
  "#b3202f",
] as const;

/** Colours of series on a dark ground. */
export const DARK_SERIES = [
  "#5ab4f0",
  "#ff9250",
  "#36c99c",
  "#ef94c4",
  "#b39af5",
  "#e2c044",
  "#aab6c2",
  "#ff7d83",
] as const;

/** Grounds and inks of both themes. */
export const LIGHT = { ground: "#ffffff", ink: "#1b232b", faint: "#5b6773", line: "#d5dbe1" };
export const DARK = { ground: "#11161b", ink: "#e7ecf1", faint: "#9aa7b4", line: "#303a44" };

/** The class of a series' colour; colours come again after the eighth. */
export function seriesClass(index: number): string {
  return `s${index % LIGHT_SERIES.length}`;
}

/**
 * The style of a drawing that stands alone: it follows the reader's light or dark theme. A page that holds drawings sets the
 * same variables itself.
 */
export function styleText(): string {
  return [
    `svg{${variables(LIGHT, LIGHT_SERIES)};font:12px system-ui,sans-serif}`,
    `@media(prefers-color-scheme:dark){svg{${variables(DARK, DARK_SERIES)}}}`,
    ".ground{fill:var(--ground)}text{fill:var(--ink)}.faint{fill:var(--faint)}.title{font-size:14px;font-weight:600}",
    ".line{stroke:var(--line);fill:none}.end{text-anchor:end}.middle{text-anchor:middle}",
    ...LIGHT_SERIES.map((_, i) => `.s${i}{fill:var(--s${i})}`),
    ".stroke{fill:none;stroke-width:2}",
    ...LIGHT_SERIES.map((_, i) => `.stroke.s${i}{fill:none;stroke:var(--s${i})}`),
  ].join("");
}

function variables(theme: typeof LIGHT, series: readonly string[]): string {
  const named = Object.entries(theme).map(([name, colour]) => `--${name}:${colour}`);
  return [...named, ...series.map((colour, i) => `--s${i}:${colour}`)].join(";");
}
