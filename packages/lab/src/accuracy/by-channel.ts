import type { PathTable } from "@tributary/attribution";

/** Figures by channel name. */
export function byChannel(
  { channels }: PathTable,
  figures: Float64Array,
): ReadonlyMap<string, number> {
  return new Map(channels.map((name, i) => [name, figures[i] ?? Number.NaN]));
}
