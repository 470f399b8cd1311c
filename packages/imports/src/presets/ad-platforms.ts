/** Spend as the advertising platforms' reports have it, one row or more a campaign and day. */
import { firstOf, type Preset, type RowReader } from "./preset.ts";

/** The campaign's name in the languages of the platforms' interfaces. */
const CAMPAIGN = [
  "campaign_name",
  "campaign",
  "kampagnenname",
  "kampagne",
  "nom_de_la_campagne",
  "campagne",
  "nombre_de_la_campana",
  "campana",
  "nome_della_campagna",
  "campagna",
  "campagnenaam",
];
const DAY = ["day", "date", "tag", "datum", "jour", "dia", "fecha", "giorno", "data", "dag"];
const CURRENCY = [
  "currency_code",
  "currency",
  "wahrungscode",
  "wahrung",
  "code_de_la_devise",
  "code_de_devise",
  "devise",
  "codigo_de_moneda",
  "moneda",
  "codice_valuta",
  "valuta",
  "valutacode",
];

/** Columns of a file that names its sources itself: it is of several platforms, or one's own. */
const SOURCES = [
  "source",
  "utm_source",
  "medium",
  "utm_medium",
  "channel",
  "traffic_source",
  "media_source",
];
const isOfSeveral = (has: (column: string) => boolean): boolean =>
  SOURCES.some((column) => has(column));

/** A row of several days: its amount belongs to none of them alone. */
function oneDay(
  starts: readonly string[],
  ends: readonly string[],
  advice: string,
): () => RowReader {
  return () => (cell) => {
    const start = firstOf(...starts.map(cell));
    const end = firstOf(...ends.map(cell));
    if (end === "" || start === end) return [{ day: start }];
    return { problem: `the row is of ${start} to ${end}: ${advice}` };
  };
}

/** Google's names of the currency's column; `Currency` alone may be anybody's. */
const GOOGLE_CURRENCY = CURRENCY.filter((name) => /cod/.test(name));
const GOOGLE_COST = ["cost", "kosten", "cout", "coste", "costo"];

/**
 * Google Ads: "Download" of a report with the segment Day, as CSV or "Excel .csv" (UTF-16 with tabs). Title rows before
 * the header and `Total:` rows are skipped where the file is opened.
 * Source: https://support.google.com/google-ads/answer/2454069 (download a report), /answer/2375431 (segment by time).
 * Auto-tagged clicks are google / cpc: https://support.google.com/analytics/answer/9756891 (traffic-source dimensions).
 */
export const googleAds: Preset = {
  name: "google-ads",
  title: "Google Ads report",
  kind: "spend",
  recognizes: (has) =>
    GOOGLE_COST.some((column) => has(column)) &&
    CAMPAIGN.some((column) => has(column)) &&
    (has("impr") || GOOGLE_CURRENCY.some((column) => has(column))) &&
    !isOfSeveral(has),
  columns: {
    day: DAY,
    campaign: CAMPAIGN,
    amount: GOOGLE_COST,
    currency: CURRENCY,
    source: ["@google"],
    medium: ["@cpc"],
  },
  derived: [],
  notes: [],
};

/** `Amount spent (EUR)` in the languages of Ads Manager; the currency stands in the header. */
const META_SPENT =
  "amount_spent ausgegebener_betrag montant_depense importe_gastado importo_speso besteed_bedrag valor_usado";
const CURRENCIES = Intl.supportedValuesOf("currency").map((code) => code.toLowerCase());
const META_AMOUNT = META_SPENT.split(" ").flatMap((name) => [
  ...CURRENCIES.map((code) => `${name}_${code}`),
  name,
]);
const META_STARTS = [
  "reporting_starts",
  "berichtsstart",
  "debut_des_rapports",
  "inicio_del_informe",
  "inizio_report",
];
const META_ENDS = [
  "reporting_ends",
  "berichtsende",
  "fin_des_rapports",
  "fin_del_informe",
  "fine_report",
];

/**
 * Meta Ads Manager: an exported table with the breakdown Day; or rows of the Insights API (`spend`, `date_start`,
 * `date_stop`). A summary row is skipped where the file is opened.
 * Source: https://www.facebook.com/business/help/205067636197240 (export ads reporting data),
 * https://developers.facebook.com/docs/marketing-api/reference/ads-insights/ (fields).
 */
export const metaAds: Preset = {
  name: "meta-ads",
  title: "Meta Ads report",
  kind: "spend",
  recognizes: (has) =>
    (META_AMOUNT.some((column) => has(column)) || has("spend", "date_start", "date_stop")) &&
    !isOfSeveral(has),
  columns: {
    campaign: CAMPAIGN,
    amount: [...META_AMOUNT, "spend"],
    currency: [...CURRENCY, "account_currency"],
    source: ["platform", "publisher_platform", "@facebook"],
    medium: ["@paid_social"],
  },
  derived: ["day"],
  reader: () => {
    const read = oneDay(META_STARTS, META_ENDS, "export the report with the breakdown Day")();
    return (cell) => {
      const day = firstOf(...DAY.map(cell));
      return day === "" ? read(cell) : [{ day }];
    };
  },
  notes: [],
};

/**
 * Microsoft Advertising: a campaign performance report by day; its footer is skipped where the file is opened.
 * Source: https://learn.microsoft.com/en-us/advertising/reporting-service/campaignperformancereportcolumn.
 */
export const microsoftAds: Preset = {
  name: "microsoft-ads",
  title: "Microsoft Advertising report",
  kind: "spend",
  recognizes: (has) =>
    has("spend") &&
    CAMPAIGN.some((column) => has(column)) &&
    (has("gregorian_date") || has("time_period") || has("account_name") || has("account_number")) &&
    !isOfSeveral(has),
  columns: {
    day: ["gregorian_date", "time_period", ...DAY],
    campaign: CAMPAIGN,
    amount: ["spend"],
    currency: CURRENCY,
    source: ["@bing"],
    medium: ["@cpc"],
  },
  derived: [],
  notes: [],
};

/**
 * LinkedIn Campaign Manager: a campaign or creative performance report with the time breakdown Daily. Its dates are
 * months first, and days of UTC.
 * Source: https://www.linkedin.com/help/lms/answer/a421057 (export a performance report).
 */
export const linkedInAds: Preset = {
  name: "linkedin-ads",
  title: "LinkedIn Ads report",
  kind: "spend",
  recognizes: (has) =>
    has("total_spent") && (has("start_date_in_utc") || has("campaign_group_name")),
  columns: {
    campaign: ["campaign_name", "campaign_group_name"],
    amount: ["total_spent"],
    currency: CURRENCY,
    source: ["@linkedin"],
    medium: ["@paid_social"],
  },
  derived: ["day"],
  reader: oneDay(
    ["start_date_in_utc", "start_date"],
    ["end_date_in_utc", "end_date"],
    "export the report with the time breakdown Daily",
  ),
  isMonthFirst: true,
  notes: [],
};
