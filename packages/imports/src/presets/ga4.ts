import { firstOf, meaning, SKIPPED, type CellOf, type Preset } from "./preset.ts";

/** Events that GA4 collects by itself, and that say nothing about how somebody came, or what they bought. */
const COLLECTED = new Set(
  "session_start first_visit first_open user_engagement scroll click file_download form_start form_submit video_start video_progress video_complete view_search_results app_remove app_update app_clear_data app_exception os_update ad_click ad_impression ad_query ad_exposure ad_reward adunit_exposure notification_dismiss notification_foreground notification_open notification_receive notification_send screen_view_end".split(
    " ",
  ),
);
const VISITS = new Set(["page_view", "screen_view"]);
const PURCHASES = new Set(["purchase", "in_app_purchase", "ecommerce_purchase"]);

/**
 * Google Analytics 4's BigQuery export, a row an event, as JSON lines or flattened to a table.
 * Source: https://support.google.com/analytics/answer/7029846 (schema), /answer/9234069 (events collected by GA4).
 *
 * - `page_view` and `screen_view` are visits; which of them brought the person is decided where visits are.
 * - `purchase` is a conversion with the event's `value` and `currency`, `refund` a refund.
 * - GA4's `click` is a click on a link out of the site, and no touchpoint: it is left out, like all that GA4 collects by
 *   itself. Other events are custom ones.
 * - The source is the event's own: `collected_traffic_source`, else the parameters `source`, `medium` and `campaign` of
 *   older exports. `session_traffic_source_last_click` counts only where a file has neither: it repeats the last campaign
 *   for sessions that came directly. `traffic_source`, of the user's first visit, never counts.
 */
export const ga4Export: Preset = {
  name: "ga4-bigquery",
  title: "Google Analytics 4 BigQuery export",
  kind: "events",
  recognizes: (has) => has("event_timestamp", "event_name", "user_pseudo_id"),
  columns: { time: ["event_timestamp"], userId: ["user_id"], anonymousId: ["user_pseudo_id"] },
  derived: [
    "type",
    "name",
    "value",
    "currency",
    "orderId",
    "source",
    "medium",
    "campaign",
    "term",
    "content",
    "url",
    "referrer",
  ],
  reader: () => (cell) => {
    const event = cell("event_name");
    const isPurchase = PURCHASES.has(event);
    const isMoney = isPurchase || event === "refund";
    if (COLLECTED.has(event)) return SKIPPED;
    // Without consent GA4 sends events of nobody.
    const isNobody = firstOf(cell("user_id"), cell("user_pseudo_id")) === "";
    if (isNobody && !isMoney) return SKIPPED;
    if (isMoney) {
      return [
        meaning(isPurchase ? "conversion" : "refund", {
          name: isPurchase ? event : "",
          value: firstOf(
            parameter(cell, "value"),
            cell(`ecommerce_${isPurchase ? "purchase" : "refund"}_revenue`),
          ),
          currency: parameter(cell, "currency"),
          orderId: firstOf(cell("ecommerce_transaction_id"), parameter(cell, "transaction_id")),
        }),
      ];
    }
    if (!VISITS.has(event)) return [meaning("custom", { name: event })];
    return [
      meaning("visit", {
        ...campaignOf(cell),
        url: parameter(cell, "page_location"),
        referrer: parameter(cell, "page_referrer"),
      }),
    ];
  },
  zone: "UTC",
  notes: [],
};

/** A parameter as JSON lines have it, or as a flattened table names it. */
function parameter(cell: CellOf, name: string): string {
  return firstOf(cell(`event_params_${name}`), cell(name));
}

type Campaign = Readonly<Record<"source" | "medium" | "campaign" | "term" | "content", string>>;

function campaignOf(cell: CellOf): Campaign {
  const manual = (field: string): string =>
    firstOf(cell(`collected_traffic_source_manual_${field}`));
  const collected = {
    source: manual("source"),
    medium: manual("medium"),
    campaign: manual("campaign_name"),
    term: manual("term"),
    content: manual("content"),
  };
  if (collected.source !== "") return collected;
  if (firstOf(cell("collected_traffic_source_gclid")) !== "") {
    const campaign = cell("session_traffic_source_last_click_google_ads_campaign_campaign_name");
    return { ...collected, source: "google", medium: "cpc", campaign: firstOf(campaign) };
  }
  return {
    source: parameter(cell, "source"),
    medium: parameter(cell, "medium"),
    campaign: parameter(cell, "campaign"),
    term: parameter(cell, "term"),
    content: parameter(cell, "content"),
  };
}
