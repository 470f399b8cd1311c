import type { Conversion } from "@tributary/reports/answers";
import { safeText } from "../terminal/terminal.ts";
import { roundColumn, formatUnits, unitsOf } from "./rounding.ts";
import { plainTable, shortText } from "./table.ts";

const SHARE_DIGITS = 2;

/** A conversion for the screen: what it is, its revisions with their reasons, and what each model gives to its path. */
export function renderConversion(conversion: Conversion): string {
  const { name, currency, asOf, revision } = conversion;
  const then = asOf === undefined ? "" : ` as of ${iso(asOf)}`;
  const what = [
    safeText(conversion.id),
    conversion.orderId === "" ? "" : `order ${safeText(conversion.orderId)}`,
    safeText(name),
    `user ${safeText(conversion.userKey)}`,
    iso(conversion.time),
  ].filter((part) => part !== "");
  const worth = currency === "" ? "no value" : `${conversion.value} ${safeText(currency)}`;
  return [
    `${what.join(" · ")}\n${worth}, revision ${revision}${then}`,
    `Revisions\n${revisionTable(conversion)}`,
    `Credits${then}, shares of the conversion\n${creditTable(conversion)}`,
  ].join("\n\n");
}

function revisionTable({ revisions, revision: valid }: Conversion): string {
  const rows = revisions.map(({ revision, attributedAt, reason, touches, value }) => [
    `${revision}${revision === valid ? " *" : ""}`,
    iso(attributedAt),
    safeText(reason),
    String(touches),
    value,
  ]);
  const head = ["revision", "attributed at", "reason", "touchpoints", "value"];
  return `${plainTable(head, 3, rows, false)}\n* shown`;
}

function creditTable({ touchpoints, credits }: Conversion): string {
  const models = [...new Set(credits.map(({ model }) => model))];
  const path =
    touchpoints.length > 0
      ? touchpoints.map(({ index, time, type, channel, campaign }) => ({
          index,
          cells: [iso(time), safeText(type), shortText(channel), shortText(campaign)],
        }))
      : [{ index: 0, cells: ["–", "–", "unattributed", "–"] }];
  const columns = models.map((model) => {
    const units = path.map(({ index }) =>
      unitsOf(credits.find((one) => one.model === model && one.touch === index)?.credit ?? "0"),
    );
    return roundColumn(units, SHARE_DIGITS).cells.map((cell) => formatUnits(cell, SHARE_DIGITS));
  });
  const rows = path.map(({ cells }, i) => [...cells, ...columns.map((cells) => cells[i] ?? "")]);
  return plainTable(["time", "type", "channel", "campaign", ...models], 4, rows, false);
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
