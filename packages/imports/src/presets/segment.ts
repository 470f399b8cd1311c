import { firstOf, meaning, SKIPPED, type CellOf, type Preset } from "./preset.ts";

/**
 * Tables of a Segment warehouse: `pages`, `tracks`, `identifies`, and a table an event such as `order_completed`.
 * Source: https://www.twilio.com/docs/segment/connections/storage/warehouses/schema.
 *
 * - Rows of `pages` are visits, rows of `identifies` join their two IDs.
 * - `order_completed` is a conversion of its revenue, else of its total or value; `order_refunded` a refund. The table
 *   `tracks` has no properties: there the orders are left out, as their own table has them.
 * - Other events are custom ones. The event's ID is the message's, so that two tables that share a row count it once.
 */
export const segmentEvents: Preset = {
  name: "segment-warehouse",
  title: "Segment warehouse table",
  kind: "events",
  recognizes: (has) =>
    has("anonymous_id", "received_at") && (has("original_timestamp") || has("sent_at")),
  columns: {
    id: ["id", "message_id"],
    time: ["timestamp", "original_timestamp", "received_at"],
    userId: ["user_id"],
    anonymousId: ["anonymous_id"],
    source: ["context_campaign_source"],
    medium: ["context_campaign_medium"],
    campaign: ["context_campaign_name"],
    term: ["context_campaign_term"],
    content: ["context_campaign_content"],
    url: ["context_page_url", "url"],
    referrer: ["context_page_referrer", "referrer"],
    currency: ["currency"],
    orderId: ["order_id"],
  },
  derived: ["type", "name", "value"],
  reader: () => (cell) => {
    const event = firstOf(cell("event"));
    if (event !== "") return eventOf(cell, event);
    const isPage = firstOf(cell("path"), cell("url"), cell("title")) !== "";
    if (isPage) return [meaning("visit", {})];
    const joins = firstOf(cell("user_id")) !== "" && firstOf(cell("anonymous_id")) !== "";
    return joins ? [meaning("identify", {})] : SKIPPED;
  },
  zone: "UTC",
  notes: [],
};

const ORDERS: ReadonlyMap<string, "conversion" | "refund"> = new Map([
  ["order_completed", "conversion"],
  ["order_refunded", "refund"],
]);

function eventOf(
  cell: CellOf,
  event: string,
): ReturnType<ReturnType<NonNullable<Preset["reader"]>>> {
  const type = ORDERS.get(event);
  const text = firstOf(cell("event_text"), event);
  if (type === undefined) return [meaning("custom", { name: text })];
  const value = firstOf(cell("revenue"), cell("total"), cell("value"));
  if (value === "" && firstOf(cell("order_id")) === "") return SKIPPED;
  return [meaning(type, { value, name: type === "conversion" ? text : "" })];
}
