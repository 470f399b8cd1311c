import type { Conservation } from "@tributary/reports/answers";
import { figure } from "../terminal/figures.ts";
import { safeText } from "../terminal/terminal.ts";

/** What a bound drops, by the bound's name in the books. */
const DROPPED: Readonly<Record<string, string>> = {
  conversions_per_user: "conversions and refunds of a user",
  touchpoints_per_user: "touchpoints of a user",
  direct_visits_per_user: "direct visits of a user",
  custom_per_user: "custom events of a user",
  identifies_per_user: "identifies of a user",
  facts_per_user: "events of a user",
  facts_per_partition: "events of a full partition",
  users_per_partition: "events of new users in a full partition",
};

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
    [events.visitsThatWentOn, "visits that went on with another"],
    [events.conversionsAttributed, "conversions attributed"],
    [events.conversionsUnattributed, "unattributed"],
    [events.refunds, "refunds"],
    [events.identifies, "identifies"],
    [events.custom, "custom"],
    [events.erased, "erased"],
    [events.duplicates, "duplicates"],
    [events.duplicateOrders, "duplicate orders"],
    droppedPart(events.dropped),
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

/** What the bounds dropped: all of it, and how much of what. */
function droppedPart(dropped: Conservation["events"]["dropped"]): readonly [number, string] {
  const bounds = Object.entries(dropped).filter(([, count]) => count > 0);
  const named = bounds.map(
    ([bound, count]) => `${figure(count)} ${DROPPED[bound] ?? safeText(bound)}`,
  );
  const all = bounds.reduce((sum, [, count]) => sum + count, 0);
  return [all, `dropped by a bound (${named.join(", ")})`];
}
