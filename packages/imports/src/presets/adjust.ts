import {
  firstOf,
  meaning,
  SKIPPED,
  type CellOf,
  type Meaning,
  type Meanings,
  type Preset,
} from "./preset.ts";

/** Touches that are remembered, so that an install and its reattributions name theirs once. */
const MAX_TOUCHES = 2_000_000;
const INSTALLS = new Set(["install", "reattribution", "reinstall", "reattribution_reinstall"]);

/**
 * Adjust's raw data: callbacks, or CSV files in cloud storage, whose columns are the placeholders (`{created_at}`).
 * Source: https://help.adjust.com/en/article/raw-data-exports, /article/cloud-storage-uploads (CSV definition),
 * https://partners.adjust.com/placeholders/ (placeholders). Times are seconds since 1970.
 *
 * - Activities `click` and `impression` are touchpoints. An install carries the time of the click or impression that it
 *   is attributed to, which becomes a touchpoint unless the row is organic.
 * - An install is a conversion without a value, an event with revenue one with its revenue, another event a custom one.
 * - Sessions, ad revenue and activities of administration are left out.
 */
export const adjustCallbacks: Preset = {
  name: "adjust",
  title: "Adjust raw data",
  kind: "events",
  recognizes: (has) => has("activity_kind", "created_at") && (has("adid") || has("network_name")),
  columns: { anonymousId: ["adid"], userId: ["user_id", "external_device_id", "customer_user_id"] },
  derived: [
    "type",
    "time",
    "name",
    "value",
    "currency",
    "orderId",
    "source",
    "campaign",
    "content",
    "term",
  ],
  reader: () => {
    const seen = new Set<string>();
    return (cell) => {
      const kind = cell("activity_kind").toLowerCase();
      if (kind === "click" || kind === "impression") return [touch(cell, kind, cell("created_at"))];
      if (kind === "event") return [eventOf(cell)];
      if (!INSTALLS.has(kind)) return SKIPPED;
      return installOf(cell, kind, seen);
    };
  },
  zone: "UTC",
  notes: [],
};

function touch(cell: CellOf, type: string, time: string): Meaning {
  return meaning(type, {
    time,
    source: firstOf(cell("network_name")),
    campaign: firstOf(cell("campaign_name")),
    content: firstOf(cell("creative_name")),
    term: firstOf(cell("adgroup_name")),
  });
}

function installOf(cell: CellOf, kind: string, seen: Set<string>): Meanings {
  const installed = firstOf(
    kind === "install" ? cell("installed_at") : "",
    cell("reattributed_at"),
    cell("created_at"),
  );
  const conversion = meaning("conversion", { time: installed, name: kind });
  const network = cell("network_name").toLowerCase();
  const isOrganic = network === "" || network.includes("organic") || cell("is_organic") === "1";
  const click = firstOf(cell("click_time"));
  const time = firstOf(click, cell("impression_time"));
  const key = [cell("adid"), time, network].join("\0");
  if (isOrganic || time === "" || seen.has(key)) return [conversion];
  if (seen.size < MAX_TOUCHES) seen.add(key);
  return [touch(cell, click === "" ? "impression" : "click", time), conversion];
}

function eventOf(cell: CellOf): Meaning {
  const own = firstOf(cell("revenue_float"));
  const value = firstOf(own, cell("reporting_revenue"));
  const name = firstOf(cell("event_name"), cell("event"));
  const time = cell("created_at");
  if (!/[1-9]/.test(value)) return meaning("custom", { time, name });
  return meaning("conversion", {
    time,
    name,
    value,
    currency: firstOf(cell(own === "" ? "reporting_currency" : "currency")),
    orderId: firstOf(cell("order_id"), cell("transaction_id"), cell("deduplication_id")),
  });
}
