import {
  firstOf,
  meaning,
  type CellOf,
  type Meaning,
  type Meanings,
  type Preset,
} from "./preset.ts";

/** Touches that are remembered, so that the events of one installation name theirs once. */
const MAX_TOUCHES = 2_000_000;

/**
 * AppsFlyer's raw data of installs and in-app events. A row is an event with the touches that AppsFlyer found for the
 * installation: the touch and up to three contributors become touchpoints, once each.
 * Source: https://support.appsflyer.com/hc/en-us/articles/208387843 (fields of raw data),
 * https://dev.appsflyer.com/hc/reference/raw_data_pull_api_tokenv2-overview (reports). Times are UTC unless the report
 * was asked for in another zone.
 *
 * - `install` is a conversion without a value, as is an event with revenue or named `af_purchase`, with its revenue.
 * - Revenue below 0 is a refund of the order that the event's `af_order_id` names.
 * - The order's ID comes from the event's value: `af_order_id`, `af_receipt_id`, `order_id`.
 */
export const appsFlyerRawData: Preset = {
  name: "appsflyer-raw-data",
  title: "AppsFlyer raw data",
  kind: "events",
  recognizes: (has) => has("attributed_touch_time", "event_time", "event_name", "apps_flyer_id"),
  columns: { userId: ["customer_user_id"], anonymousId: ["apps_flyer_id"] },
  derived: [
    "type",
    "time",
    "name",
    "value",
    "currency",
    "orderId",
    "source",
    "medium",
    "campaign",
    "content",
  ],
  reader: () => {
    const seen = new Set<string>();
    return (cell) => {
      const touches = ["", "contributor_1_", "contributor_2_", "contributor_3_"]
        .map((prefix) => touchOf(cell, prefix))
        .filter((touch) => touch !== undefined)
        .filter((touch) => {
          const key = [cell("apps_flyer_id"), touch.time, touch.source, touch.type].join("\0");
          if (seen.has(key)) return false;
          if (seen.size < MAX_TOUCHES) seen.add(key);
          return true;
        });
      const event = eventOf(cell);
      return "problem" in event ? event : [...touches, ...event];
    };
  },
  zone: "UTC",
  notes: [],
};

function touchOf(cell: CellOf, prefix: string): Meaning | undefined {
  const time = firstOf(cell(prefix === "" ? "attributed_touch_time" : `${prefix}touch_time`));
  const source = firstOf(cell(`${prefix}media_source`));
  if (time === "" || source === "" || source.toLowerCase() === "organic") return undefined;
  const kind = cell(prefix === "" ? "attributed_touch_type" : `${prefix}touch_type`).toLowerCase();
  return meaning(kind.includes("click") || kind === "" ? "click" : "impression", {
    time,
    source,
    campaign: firstOf(cell(`${prefix}campaign`)),
    medium: prefix === "" ? firstOf(cell("channel")) : "",
    content: prefix === "" ? firstOf(cell("ad")) : "",
  });
}

function eventOf(cell: CellOf): Meanings {
  const name = cell("event_name");
  const time = cell("event_time");
  const revenue = firstOf(cell("event_revenue"));
  const orderId = orderOf(cell("event_value"));
  const currency = firstOf(cell("event_revenue_currency"));
  if (revenue.startsWith("-")) {
    if (orderId === "") {
      return {
        problem:
          "revenue below 0 is a refund, and the event's value has no af_order_id to say of which order",
      };
    }
    return [meaning("refund", { time, value: revenue, currency, orderId })];
  }
  const isConversion = name === "install" || name === "af_purchase" || /[1-9]/.test(revenue);
  if (!isConversion) return [meaning("custom", { time, name })];
  return [meaning("conversion", { time, name, value: revenue, currency, orderId })];
}

/** The order in an event's value, which is a JSON object as text. */
function orderOf(value: string): string {
  if (!value.startsWith("{")) return "";
  let parsed: unknown;
  try {
    parsed = JSON.parse(value);
  } catch (error) {
    // AppsFlyer cuts long values off: such a one names no order.
    if (error instanceof SyntaxError) return "";
    throw error;
  }
  const fields = parsed as Readonly<Record<string, unknown>>;
  const found = ["af_order_id", "af_receipt_id", "order_id"].map((key) => fields[key]);
  const id = found.find((one) => typeof one === "string" || typeof one === "number");
  return id === undefined ? "" : String(id);
}
