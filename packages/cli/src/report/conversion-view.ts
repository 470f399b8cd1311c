import type { Conversion } from "@tributary/reports/answers";
import { safeText } from "../terminal/terminal.ts";
import { roundColumn, formatUnits, unitsOf } from "./rounding.ts";
import { plainTable, shortText } from "./table.ts";

const SHARE_DIGITS = 2;

/** A conversion, and those of the same event ID, for the screen. @param jaegerUiUrl as {@link renderOne} */
export function renderConversion(
  { others = [], ...conversion }: Conversion,
  jaegerUiUrl?: string,
): string {
  return [conversion, ...others]
    .map((one) => renderOne(one, jaegerUiUrl))
    .join("\n\nOf the same ID, sent under another user key\n\n");
}

/**
 * A conversion for the screen: its identity, its revisions with their reasons, the credits of each model, the touchpoints
 * that were left out, and its traces.
 * @param jaegerUiUrl address of Jaeger's UI
 */
function renderOne(conversion: Conversion, jaegerUiUrl?: string): string {
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
    `${what.join(" · ")}\n${worth}, revision ${revision}${then}${duplicateLine(conversion)}`,
    `Revisions\n${revisionTable(conversion)}`,
    `Credits${then}, shares of the conversion\n${creditTable(conversion)}`,
    ...leftOut(conversion),
    ...hintLines(conversion),
    ...traces(conversion, jaegerUiUrl),
  ].join("\n\n");
}

/** What counts in the place of a duplicate order, on a line of its own; "" of other conversions. */
function duplicateLine({ reason, orderId, countedInstead }: Conversion): string {
  if (reason !== "duplicate_order") return "";
  const counted =
    countedInstead === undefined
      ? "the one that came first was erased"
      : `counted is ${safeText(countedInstead.id)} of ${countedInstead.sentAnonymous ? "anonymous" : "user"} ${safeText(countedInstead.sentUserKey)}`;
  return `\nduplicate of order ${safeText(orderId)}, ${counted}`;
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
      ? touchpoints.map(({ index, time, type, channel, channelRule, campaign }) => ({
          index,
          cells: [
            iso(time),
            safeText(type),
            shortText(channel),
            channelRule ?? "–",
            shortText(campaign),
          ],
        }))
      : [{ index: 0, cells: ["–", "–", "unattributed", "–", "–"] }];
  const columns = models.map((model) => {
    const units = path.map(({ index }) =>
      unitsOf(credits.find((one) => one.model === model && one.touch === index)?.credit ?? "0"),
    );
    return roundColumn(units, SHARE_DIGITS).cells.map((cell) => formatUnits(cell, SHARE_DIGITS));
  });
  const rows = path.map(({ cells }, i) => [...cells, ...columns.map((cells) => cells[i] ?? "")]);
  const head = ["time", "type", "channel", "named by", "campaign", ...models];
  return plainTable(head, 5, rows, false);
}

/** Most hints that are shown. */
const MAX_HINTS = 10;

/** What touchpoints' addresses hold that is not read. */
function hintLines({ touchpoints, notCounted }: Conversion): string[] {
  const lines = [...touchpoints, ...notCounted].flatMap(({ time, hints = [] }) =>
    hints.map((hint) => `${iso(time)} ${safeText(hint)}`),
  );
  return lines.length === 0 ? [] : [`Not read\n${lines.slice(0, MAX_HINTS).join("\n")}`];
}

/** Most left-out touchpoints that are shown. */
const MAX_LEFT_OUT = 20;

function leftOut({ notCounted, notCountedTruncated }: Conversion): string[] {
  if (notCounted.length === 0) return [];
  const rows = notCounted
    .slice(0, MAX_LEFT_OUT)
    .map((left) => [
      iso(left.time),
      safeText(left.type),
      shortText(left.channel),
      left.channelRule,
      shortText(left.campaign),
      whyLeftOut(left),
    ]);
  const head = ["time", "type", "channel", "named by", "campaign", "left out because"];
  const more = notCounted.length - rows.length;
  const note = notCountedTruncated ? " or more" : "";
  return [
    `The user's other touchpoints\n${plainTable(head, head.length, rows, false)}${more > 0 ? `\n… and ${more}${note} more; --json has them` : ""}`,
  ];
}

const BECAUSE: Readonly<
  Record<NonNullable<Conversion["notCounted"][number]["wentOnWith"]>["because"], string>
> = {
  same_campaign: "same campaign",
  same_referrer: "same referrer",
  same_channel: "same channel",
  own_page: "own page",
  payment_page: "payment page",
  excluded_host: "excluded host",
  no_signal: "no signal",
  direct: "direct",
  its_click: "its tracking link's click",
};

/** The reason; of a visit that went on, with which touchpoint: its time where it is of the same day, else with its date. */
function whyLeftOut({ time, reason, wentOnWith }: Conversion["notCounted"][number]): string {
  if (wentOnWith === undefined) return reason;
  const [day, then] = [iso(time), iso(wentOnWith.time)];
  const isSameDay = day.slice(0, 10) === then.slice(0, 10);
  const at = isSameDay ? then.slice(11, 16) : then.slice(0, 16);
  return `went on with the ${safeText(wentOnWith.type)} of ${at} (${BECAUSE[wentOnWith.because]})`;
}

function traces({ revisions }: Conversion, jaegerUiUrl: string | undefined): string[] {
  const lines = revisions
    .filter(({ traceId }) => traceId !== "")
    .map(({ revision, traceId }) => {
      const id = safeText(traceId);
      return `  revision ${revision}: ${jaegerUiUrl === undefined ? id : `${jaegerUiUrl}/trace/${id}`}`;
    });
  return lines.length === 0 ? [] : [`Traces\n${lines.join("\n")}`];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
