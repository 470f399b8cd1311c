/** Matomo's tables of raw data. Source: https://developer.matomo.org/guides/database-schema. Its times are UTC. */
import { firstOf, meaning, SKIPPED, type Preset } from "./preset.ts";

/** `referer_type`, as Matomo's Common::REFERRER_TYPE_… numbers it. */
const SEARCH = "2";
const CAMPAIGN = "6";
const SOCIAL = "7";

/**
 * `log_visit`: a row a visit, with where it came from. Campaigns of the plugin MarketingCampaignsReporting have columns
 * of their own; else `referer_name` is the campaign and `referer_keyword` its term.
 */
export const matomoVisits: Preset = {
  name: "matomo-visits",
  title: "Matomo log_visit",
  kind: "events",
  recognizes: (has) => has("idvisit", "idvisitor", "visit_first_action_time", "referer_type"),
  columns: {
    time: ["visit_first_action_time"],
    userId: ["user_id"],
    anonymousId: ["idvisitor"],
  },
  derived: ["type", "source", "medium", "campaign", "term", "content", "referrer"],
  reader: () => (cell) => {
    const kind = cell("referer_type");
    const name = firstOf(cell("referer_name"));
    const keyword = firstOf(cell("referer_keyword"));
    const referrer = firstOf(cell("referer_url"));
    if (kind === CAMPAIGN) {
      return [
        meaning("visit", {
          source: firstOf(cell("campaign_source")),
          medium: firstOf(cell("campaign_medium")),
          campaign: firstOf(cell("campaign_name"), name),
          term: firstOf(cell("campaign_keyword"), keyword),
          content: firstOf(cell("campaign_content")),
          referrer,
        }),
      ];
    }
    if (kind === SEARCH)
      return [meaning("visit", { source: name, medium: "organic", term: keyword, referrer })];
    if (kind === SOCIAL) return [meaning("visit", { source: name, medium: "social", referrer })];
    return [meaning("visit", { referrer })];
  },
  zone: "UTC",
  notes: [],
};

/** `log_conversion`: goal 0 is an order, goal -1 an abandoned cart, another one a goal. The site's currency stands elsewhere. */
export const matomoConversions: Preset = {
  name: "matomo-conversions",
  title: "Matomo log_conversion",
  kind: "events",
  recognizes: (has) => has("idvisit", "idvisitor", "idgoal", "server_time"),
  columns: {
    time: ["server_time"],
    anonymousId: ["idvisitor"],
    orderId: ["idorder"],
    url: ["url"],
  },
  derived: ["type", "name", "value"],
  reader: () => (cell) => {
    const goal = cell("idgoal").trim();
    if (goal === "-1") return SKIPPED;
    const revenue = firstOf(cell("revenue"));
    const value = /[1-9]/.test(revenue) ? revenue : "";
    return [meaning("conversion", { name: goal === "0" ? "purchase" : `goal ${goal}`, value })];
  },
  zone: "UTC",
  notes: [],
};
