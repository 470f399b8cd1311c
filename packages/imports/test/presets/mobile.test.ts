import { expect, test } from "vitest";
import { readFile } from "./support/read-file.ts";

const APPSFLYER =
  "Attributed Touch Type,Attributed Touch Time,Install Time,Event Time,Event Name,Event Value,Event Revenue,Event Revenue Currency,Media Source,Channel,Campaign,Ad,Contributor 1 Media Source,Contributor 1 Campaign,Contributor 1 Touch Type,Contributor 1 Touch Time,AppsFlyer ID,Customer User ID";

test("AppsFlyer: touches stand once, an install and revenue are conversions, revenue below 0 is a refund", async () => {
  const touch = "click,2026-11-19 10:00:00,2026-11-20 10:00:00";
  const source =
    "googleadwords_int,ACI_Search,Hats,Ad 1,Facebook Ads,Retarget,impression,2026-11-18 09:00:00";
  const text = [
    APPSFLYER,
    `${touch},2026-11-20 10:00:00,install,,,,${source},af-1,u1`,
    `${touch},2026-11-20 11:00:00,af_purchase,"{""af_order_id"":""R1"",""af_quantity"":2}",49.90,EUR,${source},af-1,u1`,
    `${touch},2026-11-20 11:30:00,af_login,{},,,${source},af-1,u1`,
    `${touch},2026-11-21 11:00:00,af_refund,"{""af_order_id"":""R1""}",-49.90,EUR,${source},af-1,u1`,
    `,,2026-11-20 10:00:00,2026-11-21 12:00:00,af_refund,,-5,EUR,organic,,,,,,,,af-2,`,
  ].join("\n");
  const person = { anonymousId: "af-1", userId: "u1" };
  const time = (day: number, hour: number, minute = 0): number =>
    Date.UTC(2026, 10, day, hour, minute);
  expect(await readFile(text)).toEqual({
    preset: "appsflyer-raw-data",
    open: [],
    rows: [
      [
        2,
        {
          type: "click",
          time: time(19, 10),
          ...person,
          source: "googleadwords_int",
          medium: "ACI_Search",
          campaign: "Hats",
          content: "Ad 1",
        },
      ],
      [
        2,
        {
          type: "impression",
          time: time(18, 9),
          ...person,
          source: "Facebook Ads",
          campaign: "Retarget",
        },
      ],
      [2, { type: "conversion", time: time(20, 10), ...person, name: "install" }],
      [
        3,
        {
          type: "conversion",
          time: time(20, 11),
          ...person,
          name: "af_purchase",
          value: "49.9",
          currency: "EUR",
          orderId: "R1",
        },
      ],
      [4, { type: "custom", time: time(20, 11, 30), ...person, name: "af_login" }],
      [
        5,
        {
          type: "refund",
          time: time(21, 11),
          ...person,
          value: "49.9",
          currency: "EUR",
          orderId: "R1",
        },
      ],
    ],
    refused: [
      [
        6,
        "revenue below 0 is a refund, and the event's value has no af_order_id to say of which order",
      ],
    ],
  });
});

test("Adjust: an install brings its click, revenue is a conversion, sessions are nothing", async () => {
  const text = [
    "{activity_kind},{created_at},{installed_at},{click_time},{network_name},{campaign_name},{adgroup_name},{creative_name},{adid},{event_name},{revenue_float},{currency},order_id",
    "install,1795168801,1795168800,1795165200,Google Ads ACI,Hats,Group,Creative,ad-1,,,,",
    "session,1795168900,1795168800,1795165200,Google Ads ACI,Hats,Group,Creative,ad-1,,,,",
    "event,1795169000,1795168800,1795165200,Google Ads ACI,Hats,Group,Creative,ad-1,purchase,49.90,EUR,R1",
    "event,1795169100,1795168800,1795165200,Google Ads ACI,Hats,Group,Creative,ad-1,level_up,,,",
    "install,1795168802,1795168802,,Organic,,,,ad-2,,,,",
  ].join("\n");
  const dims = { source: "Google Ads ACI", campaign: "Hats", term: "Group", content: "Creative" };
  expect(await readFile(text)).toEqual({
    preset: "adjust",
    open: [],
    refused: [],
    rows: [
      [2, { type: "click", time: 1_795_165_200_000, anonymousId: "ad-1", ...dims }],
      [2, { type: "conversion", time: 1_795_168_800_000, anonymousId: "ad-1", name: "install" }],
      [
        4,
        {
          type: "conversion",
          time: 1_795_169_000_000,
          anonymousId: "ad-1",
          name: "purchase",
          value: "49.9",
          currency: "EUR",
          orderId: "R1",
        },
      ],
      [5, { type: "custom", time: 1_795_169_100_000, anonymousId: "ad-1", name: "level_up" }],
      [6, { type: "conversion", time: 1_795_168_802_000, anonymousId: "ad-2", name: "install" }],
    ],
  });
});
