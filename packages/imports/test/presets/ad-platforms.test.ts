import { describe, expect, test } from "vitest";
import { readFile } from "./support/read-file.ts";

const HATS = { campaign: "Hats", source: "google", medium: "cpc", currency: "EUR" };

describe("Google Ads", () => {
  const report = [
    "Campaign report",
    '"November 1, 2026 - November 2, 2026"',
    "Day,Campaign,Currency code,Cost,Impr.,Clicks",
    '2026-11-01,Hats,EUR,"1,204.50","9,000",300',
    "2026-11-02,Hats,EUR,80.10,700,20",
    'Total: Account, --,EUR,"1,284.60","9,700",320',
  ].join("\n");

  test("a report with titles and totals is spend of google / cpc", async () => {
    expect(await readFile(report)).toEqual({
      preset: "google-ads",
      open: [],
      refused: [],
      rows: [
        [4, { day: "2026-11-01", ...HATS, amount: "1204.5" }],
        [5, { day: "2026-11-02", ...HATS, amount: "80.1" }],
      ],
    });
  });

  test("in German, with semicolons, decimal commas and its own dates it is the same", async () => {
    const german = [
      "Kampagnenbericht",
      "1. November 2026 - 2. November 2026",
      "Tag;Kampagne;Währungscode;Kosten;Impr.;Klicks",
      "01.11.2026;Hats;EUR;1.204,50;9.000;300",
      "02.11.2026;Hats;EUR;80,10;700;20",
      "Gesamt: Konto; --;EUR;1.284,60;9.700;320",
    ].join("\n");
    const { rows } = await readFile(report);
    expect(await readFile(Buffer.from(german, "latin1"))).toMatchObject({
      open: [],
      refused: [],
      rows,
    });
  });

  test("rows by device are added up to one a campaign and day, exactly", async () => {
    const text =
      "Day,Campaign,Device,Currency code,Cost,Impr.\n" +
      "2026-11-01,Hats,Phones,EUR,0.10,1\n2026-11-01,Hats,Computers,EUR,0.203,1\n2026-11-01,Shoes,Phones,EUR,5,1\n";
    const { rows, open } = await readFile(text);
    expect(open).toEqual([]);
    expect(rows.map(([, row]) => ("amount" in row ? row.amount : ""))).toEqual(["0.303", "5"]);
  });
});

describe("Meta Ads", () => {
  test("the currency is the header's, the summary row is none", async () => {
    const text = [
      "Campaign name,Day,Amount spent (EUR),Impressions,Reporting starts,Reporting ends",
      ',,"1,313.79",15432,2026-11-01,2026-11-02',
      'Retarget,2026-11-01,"1,234.56",10000,2026-11-01,2026-11-02',
      "Retarget,2026-11-02,79.23,5432,2026-11-01,2026-11-02",
    ].join("\n");
    const spend = {
      campaign: "Retarget",
      source: "facebook",
      medium: "paid_social",
      currency: "EUR",
    };
    expect(await readFile(text)).toEqual({
      preset: "meta-ads",
      open: [],
      refused: [],
      rows: [
        [3, { day: "2026-11-01", ...spend, amount: "1234.56" }],
        [4, { day: "2026-11-02", ...spend, amount: "79.23" }],
      ],
    });
  });

  test("a row of several days is refused with what to export instead", async () => {
    const text =
      "Reporting starts,Reporting ends,Campaign name,Amount spent (USD)\n" +
      "2026-11-01,2026-11-01,Retarget,5.25\n2026-11-01,2026-11-30,Retarget,150.25\n";
    const { rows, refused } = await readFile(text);
    expect(rows).toMatchObject([[2, { day: "2026-11-01", amount: "5.25", currency: "USD" }]]);
    expect(refused).toEqual([
      [3, "the row is of 2026-11-01 to 2026-11-30: export the report with the breakdown Day"],
    ]);
  });

  test("in French, with the platform as the source", async () => {
    const text =
      "Jour;Nom de la campagne;Platform;Montant dépensé (EUR)\n01/11/2026;Hiver;instagram;1 234,56\n13/11/2026;Hiver;facebook;2,00\n";
    expect((await readFile(text)).rows).toMatchObject([
      [2, { day: "2026-11-01", source: "instagram", amount: "1234.56", currency: "EUR" }],
      [3, { day: "2026-11-13", source: "facebook", amount: "2" }],
    ]);
  });
});

test.each([
  ["one's own file", "day,campaign,cost,currency\n2026-11-01,a,1,EUR\n", undefined],
  [
    "a file with sources",
    "day,source,campaign,cost,currency_code\n2026-11-01,x,a,1,EUR\n",
    undefined,
  ],
  [
    "a file of several platforms",
    "date,channel,campaign_name,spend,account_name\n2026-11-01,x,a,1,b\n",
    undefined,
  ],
  [
    "rows of Meta's API",
    "account_name,account_currency,campaign_name,spend,date_start,date_stop\nShop,EUR,a,1.5,2026-11-01,2026-11-01\n",
    "meta-ads",
  ],
])("%s: a platform is told by more than its cost", async (_, text, preset) => {
  expect((await readFile(text)).preset).toBe(preset);
});

test("Microsoft Advertising: the footer is none, the source is bing", async () => {
  const text = [
    '"Report Name: Campaign","",""',
    '"Report Time: 11/1/2026 - 11/2/2026","",""',
    "",
    '"Gregorian date","Account name","Campaign name","Currency code","Spend"',
    '"2026-11-01","Shop","Hats","EUR","45.10"',
    '"2026-11-02","Shop","Hats","EUR","3.00"',
    "",
    '"©2026 Microsoft Corporation. All rights reserved. "',
  ].join("\n");
  const spend = { campaign: "Hats", source: "bing", medium: "cpc", currency: "EUR" };
  expect(await readFile(text)).toMatchObject({
    preset: "microsoft-ads",
    open: [],
    refused: [],
    rows: [
      [5, { day: "2026-11-01", ...spend, amount: "45.1" }],
      [6, { day: "2026-11-02", ...spend, amount: "3" }],
    ],
  });
});

test("LinkedIn Ads: months come first, creatives of a campaign are added up", async () => {
  const text = [
    "Creative Performance Report (in UTC)",
    "Report Start: 11/1/2026",
    "",
    "Start Date (in UTC)\tAccount Name\tCurrency\tCampaign Group Name\tCampaign Name\tCreative Name\tTotal Spent",
    "11/1/2026\tShop\tUSD\tDefault\tB2B\tCarousel 1\t1,500.00",
    "11/1/2026\tShop\tUSD\tDefault\tB2B\tCarousel 2\t0.25",
    "11/2/2026\tShop\tUSD\tDefault\tB2B\tCarousel 1\t7",
  ].join("\n");
  const spend = { campaign: "B2B", source: "linkedin", medium: "paid_social", currency: "USD" };
  expect(await readFile(Buffer.from(`\ufeff${text}`, "utf16le"))).toEqual({
    preset: "linkedin-ads",
    open: [],
    refused: [],
    rows: [
      [5, { day: "2026-11-01", ...spend, amount: "1500.25" }],
      [7, { day: "2026-11-02", ...spend, amount: "7" }],
    ],
  });
});
