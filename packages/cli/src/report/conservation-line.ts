import type { Conservation } from "@tributary/reports/answers";
import { figure } from "../terminal/figures.ts";

/** The account of all accepted events below a report, and on a line of its own how many conversions repeated an order. */
export function conservationLine(conservation: Conservation): string {
  const { duplicateOrders } = conservation.events;
  const line = accountLine(conservation);
  if (duplicateOrders === 0) return line;
  const repeated =
    duplicateOrders === 1
      ? "conversion repeated an order and was"
      : "conversions repeated an order and were";
  return `${line}\n${figure(duplicateOrders)} ${repeated} not counted.`;
}

function accountLine({ complete, events, money }: Conservation): string {
  const { accepted, residue } = events;
  const parts: readonly (readonly [count: number, what: string])[] = [
    [events.touchpointsCredited, "touchpoints credited"],
    [events.touchpointsWithoutConversion, "of users without a conversion"],
    [events.touchpointsOutsideWindows, "outside every window"],
    [events.conversionsAttributed, "conversions attributed"],
    [events.conversionsUnattributed, "unattributed"],
    [events.refunds, "refunds"],
    [events.identifies, "identifies"],
    [events.custom, "custom"],
    [events.erased, "erased"],
    [events.duplicates, "duplicates"],
    [events.duplicateOrders, "duplicate orders"],
    [Object.values(events.dropped).reduce((sum, count) => sum + count, 0), "dropped by a bound"],
    [events.deadLettered, "dead-lettered"],
  ];
  const named = parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${figure(count)} ${what}`);
  const all = `All ${figure(accepted)} events ever accepted = ${named.join(" + ") || "0"}`;
  if (!complete) return `${all}; more events are being loaded.`;
  const open = money.filter(({ residue: left }) => !/^-?0(\.0+)?$/.test(left));
  if (residue === 0 && open.length === 0) return `${all}; nothing is left over.`;
  const left = [
    ...(residue === 0 ? [] : [`${figure(residue)} events`]),
    ...open.map(({ currency, residue: amount }) => `${amount} ${currency}`),
  ];
  return `${all}; UNACCOUNTED: ${left.join(", ")}.`;
}
