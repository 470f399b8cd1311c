import type { Conservation } from "@tributary/reports/answers";
import { figure } from "../terminal/figures.ts";

/** The account of all accepted events, as one line below a report. */
export function conservationLine({ complete, events, money }: Conservation): string {
  const { accepted, residue } = events;
  const parts: readonly (readonly [count: number, what: string])[] = [
    [events.touchpointsCredited, "touchpoints credited"],
    [events.touchpointsWithoutConversion, "of users without a conversion"],
    [events.touchpointsOutsideWindows, "outside every window"],
    [events.visitsThatWentOn, "visits that went on with another"],
    [events.conversionsAttributed, "conversions attributed"],
    [events.conversionsUnattributed, "unattributed"],
    [events.refunds, "refunds"],
    [events.identifies, "identifies"],
    [events.custom, "custom"],
    [events.erased, "erased"],
    [events.duplicates, "duplicates"],
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
