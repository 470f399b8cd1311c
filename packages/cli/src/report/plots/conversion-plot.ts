import { heatMap } from "@tributary/plots";
import type { Conversion } from "@tributary/reports/answers";
import { formatUnits, roundColumn, unitsOf } from "../rounding.ts";
import { shortText } from "../table.ts";

const SHARE_DIGITS = 2;
/** Touchpoints that are drawn: a path may have hundreds. */
const MAX_TOUCHPOINTS = 40;

/** A conversion's credits as a heat map, its touchpoints by models. @returns SVG */
export function conversionSvg({ id, orderId, touchpoints, credits }: Conversion): string {
  const models = [...new Set(credits.map(({ model }) => model))];
  const shares = models.map((model) => {
    const of = credits.filter((credit) => credit.model === model);
    const units = touchpoints.map(({ index }) =>
      unitsOf(of.find(({ touch }) => touch === index)?.credit ?? "0"),
    );
    return roundColumn(units, SHARE_DIGITS).cells;
  });
  const shown = touchpoints.slice(-MAX_TOUCHPOINTS);
  const hidden = touchpoints.length - shown.length;
  const last = hidden === 0 ? "" : `, the last ${shown.length}`;
  return heatMap({
    title: `Credits of ${shortText(orderId === "" ? id : orderId)}`,
    summary: `${touchpoints.length} touchpoints${last}, shares of the conversion under ${models.join(", ")}`,
    columns: models,
    rows: shown.map(({ time, channel, campaign }, i) => ({
      label: [
        new Date(time).toISOString().slice(0, 16).replace("T", " "),
        shortText(channel),
        campaign,
      ]
        .filter((text) => text !== "")
        .map(shortText)
        .join(" · "),
      amounts: shares.map((cells) => {
        const units = cells[hidden + i] ?? 0n;
        return { value: Number(units), text: formatUnits(units, SHARE_DIGITS) };
      }),
    })),
  });
}
