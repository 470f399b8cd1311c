import { expect, test } from "vitest";
import { readFile } from "./support/read-file.ts";

interface Given {
  readonly name: string;
  readonly seconds: number;
  readonly parameters?: Readonly<Record<string, string | number>>;
  readonly more?: object;
  readonly pseudoId?: string | null;
}

/** A row as BigQuery exports it to JSON lines: whole numbers are texts, what is not set is left out. */
function row({ name, seconds, parameters = {}, more = {}, pseudoId = "77.88" }: Given): string {
  const event_params = Object.entries(parameters).map(([key, value]) => ({
    key,
    value: typeof value === "string" ? { string_value: value } : { double_value: value },
  }));
  return JSON.stringify({
    event_date: "20261120",
    event_timestamp: `${1_795_168_800 + seconds}123456`,
    event_name: name,
    event_params,
    ...(pseudoId === null ? {} : { user_pseudo_id: pseudoId }),
    traffic_source: { name: "(direct)", medium: "(none)", source: "first" },
    ...more,
  });
}

const MS = 1_795_168_800_123;
const SOMEBODY = { anonymousId: "77.88" };

test("page views are visits with the event's own source, purchases and refunds are money, clicks out are nothing", async () => {
  const page = {
    page_location: "https://shop.example/?utm_source=x",
    page_referrer: "https://news.example/",
  };
  const text = [
    row({ name: "session_start", seconds: 0, parameters: page }),
    row({
      name: "page_view",
      seconds: 0,
      parameters: page,
      more: {
        collected_traffic_source: {
          manual_source: "newsletter",
          manual_medium: "email",
          manual_campaign_name: "nl-1",
        },
        session_traffic_source_last_click: { manual_campaign: { source: "older", medium: "cpc" } },
      },
    }),
    row({
      name: "page_view",
      seconds: 9,
      parameters: { page_location: "https://shop.example/hats" },
    }),
    row({
      name: "page_view",
      seconds: 20,
      more: {
        collected_traffic_source: { gclid: "Cj0" },
        session_traffic_source_last_click: { google_ads_campaign: { campaign_name: "Hats" } },
      },
    }),
    row({ name: "click", seconds: 30, parameters: { link_url: "https://elsewhere.example/" } }),
    row({ name: "add_to_cart", seconds: 40 }),
    row({
      name: "purchase",
      seconds: 50,
      parameters: { transaction_id: "R1", currency: "EUR", value: 49.9 },
      more: { user_id: "u1", ecommerce: { purchase_revenue: 49.9, transaction_id: "R1" } },
    }),
    row({
      name: "refund",
      seconds: 60,
      parameters: { transaction_id: "R1", currency: "EUR", value: 49.9 },
    }),
    row({ name: "page_view", seconds: 70, pseudoId: null }),
  ].join("\n");
  const at = (seconds: number) => ({ time: MS + seconds * 1000, ...SOMEBODY });
  expect(await readFile(text)).toEqual({
    preset: "ga4-bigquery",
    open: [],
    refused: [],
    rows: [
      [
        2,
        {
          type: "visit",
          ...at(0),
          source: "newsletter",
          medium: "email",
          campaign: "nl-1",
          url: page.page_location,
          referrer: page.page_referrer,
        },
      ],
      [3, { type: "visit", ...at(9), url: "https://shop.example/hats" }],
      [4, { type: "visit", ...at(20), source: "google", medium: "cpc", campaign: "Hats" }],
      [6, { type: "custom", ...at(40), name: "add_to_cart" }],
      [
        7,
        {
          type: "conversion",
          ...at(50),
          userId: "u1",
          name: "purchase",
          value: "49.9",
          currency: "EUR",
          orderId: "R1",
        },
      ],
      [8, { type: "refund", ...at(60), value: "49.9", currency: "EUR", orderId: "R1" }],
    ],
  });
});

test("a flattened table, and an export without collected sources, are read as well", async () => {
  const text =
    "event_timestamp,event_name,user_pseudo_id,page_location,source,medium,campaign\n" +
    "1795168800123456,page_view,77.88,https://shop.example/,google,organic,(not set)\n";
  expect((await readFile(text)).rows).toEqual([
    [
      2,
      {
        type: "visit",
        time: MS,
        ...SOMEBODY,
        url: "https://shop.example/",
        source: "google",
        medium: "organic",
      },
    ],
  ]);
});
