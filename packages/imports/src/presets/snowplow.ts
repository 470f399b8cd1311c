import { firstOf, meaning, SKIPPED, type Preset } from "./preset.ts";

/** Events that say nothing about how somebody came, or what they bought. */
const LEFT_OUT = new Set([
  "page_ping",
  "transaction_item",
  "focus_form",
  "change_form",
  "submit_form",
  "link_click",
]);

/**
 * Snowplow's events table.
 * Source: https://docs.snowplow.io/docs/fundamentals/canonical-event/ (atomic fields). Its times are UTC.
 *
 * - Page and screen views are visits with the campaign that Snowplow found (`mkt_…`).
 * - A transaction is a conversion of `tr_total`; its items are left out, as are page pings and form and link clicks.
 * - Structured events are custom ones of their action, others of their name.
 */
export const snowplowEvents: Preset = {
  name: "snowplow-events",
  title: "Snowplow events",
  kind: "events",
  recognizes: (has) => has("event_id", "collector_tstamp", "domain_userid"),
  columns: {
    id: ["event_id"],
    userId: ["user_id"],
    anonymousId: ["domain_userid"],
    source: ["mkt_source"],
    medium: ["mkt_medium"],
    campaign: ["mkt_campaign"],
    term: ["mkt_term"],
    content: ["mkt_content"],
    url: ["page_url"],
    referrer: ["page_referrer"],
    currency: ["tr_currency"],
    orderId: ["tr_orderid"],
  },
  derived: ["type", "time", "name", "value"],
  reader: () => (cell) => {
    const event = firstOf(cell("event_name"), cell("event"));
    const time = firstOf(cell("derived_tstamp"), cell("collector_tstamp"));
    if (LEFT_OUT.has(event)) return SKIPPED;
    if (event === "page_view" || event === "screen_view") return [meaning("visit", { time })];
    if (event === "transaction") {
      return [meaning("conversion", { time, name: "purchase", value: firstOf(cell("tr_total")) })];
    }
    return [meaning("custom", { time, name: firstOf(cell("se_action"), event) })];
  },
  zone: "UTC",
  notes: [],
};
