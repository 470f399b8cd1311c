import { describe, expect, test } from "vitest";
import { readFile } from "./support/read-file.ts";

const MS = Date.UTC(2026, 10, 20, 10);

describe("Segment", () => {
  const common = "id,received_at,original_timestamp,timestamp,anonymous_id,user_id";
  const times = "2026-11-20 10:00:05.1+00,2026-11-20 10:00:01+00,2026-11-20 10:00:00+00";

  test("pages are visits with their campaign", async () => {
    const text =
      `${common},context_campaign_source,context_campaign_medium,context_campaign_name,context_page_url,path,referrer,title\n` +
      `m1,${times},a1,,google,cpc,spring,https://shop.example/,/,https://google.com/,Shop\n`;
    expect(await readFile(text)).toMatchObject({
      preset: "segment-warehouse",
      open: [],
      refused: [],
      rows: [
        [
          2,
          {
            type: "visit",
            id: "m1",
            time: MS,
            anonymousId: "a1",
            source: "google",
            medium: "cpc",
            campaign: "spring",
            url: "https://shop.example/",
            referrer: "https://google.com/",
          },
        ],
      ],
    });
  });

  test("orders count where their properties are, not in tracks", async () => {
    const tracks = `${common},event,event_text\nm2,${times},a1,u1,order_completed,Order Completed\nm3,${times},a1,u1,signed_up,Signed Up\n`;
    expect((await readFile(tracks)).rows).toEqual([
      [
        3,
        { type: "custom", id: "m3", time: MS, anonymousId: "a1", userId: "u1", name: "Signed Up" },
      ],
    ]);
    const orders = `${common},event,event_text,order_id,revenue,total,currency\nm2,${times},a1,u1,order_completed,Order Completed,R1,49.9,54.9,EUR\n`;
    expect((await readFile(orders)).rows).toEqual([
      [
        2,
        {
          type: "conversion",
          id: "m2",
          time: MS,
          anonymousId: "a1",
          userId: "u1",
          name: "Order Completed",
          orderId: "R1",
          value: "49.9",
          currency: "EUR",
        },
      ],
    ]);
  });

  test("identifies join two IDs", async () => {
    const text = `${common},email\nm4,${times},a1,u1,a@example.com\nm5,${times},a1,,b@example.com\n`;
    expect((await readFile(text)).rows).toEqual([
      [2, { type: "identify", id: "m4", time: MS, anonymousId: "a1", userId: "u1" }],
    ]);
  });
});

test("Matomo: visits come from where referer_type says, goal 0 is an order", async () => {
  const visits = [
    "idvisit,idsite,idvisitor,user_id,visit_first_action_time,referer_type,referer_name,referer_keyword,referer_url",
    "1,1,8ba9a1b2c3d4e5f6,,2026-11-20 10:00:00,6,spring,hats,https://shop.example/?mtm_campaign=spring",
    "2,1,8ba9a1b2c3d4e5f6,,2026-11-20 10:00:00,2,Google,,https://www.google.com/",
    "3,1,8ba9a1b2c3d4e5f6,u1,2026-11-20 10:00:00,1,,,",
  ].join("\n");
  const visit = { type: "visit", time: MS, anonymousId: "8ba9a1b2c3d4e5f6" };
  expect(await readFile(visits)).toEqual({
    preset: "matomo-visits",
    open: [],
    refused: [],
    rows: [
      [
        2,
        {
          ...visit,
          campaign: "spring",
          term: "hats",
          referrer: "https://shop.example/?mtm_campaign=spring",
        },
      ],
      [3, { ...visit, source: "Google", medium: "organic", referrer: "https://www.google.com/" }],
      [4, { ...visit, userId: "u1" }],
    ],
  });
  const conversions = [
    "idvisit,idsite,idvisitor,server_time,idgoal,idorder,revenue,url",
    "1,1,8ba9a1b2c3d4e5f6,2026-11-20 10:00:00,0,R1,49.9,https://shop.example/thanks",
    "1,1,8ba9a1b2c3d4e5f6,2026-11-20 10:00:00,-1,,20,",
    "1,1,8ba9a1b2c3d4e5f6,2026-11-20 10:00:00,3,,0,",
  ].join("\n");
  const { preset, open, rows } = await readFile(conversions, { currency: "EUR" });
  expect([preset, open]).toEqual(["matomo-conversions", []]);
  const conversion = { type: "conversion", time: MS, anonymousId: "8ba9a1b2c3d4e5f6" };
  expect(rows).toEqual([
    [
      2,
      {
        ...conversion,
        name: "purchase",
        orderId: "R1",
        value: "49.9",
        currency: "EUR",
        url: "https://shop.example/thanks",
      },
    ],
    [4, { ...conversion, name: "goal 3" }],
  ]);
});

test("Snowplow: page views are visits, a transaction is a conversion, pings are nothing", async () => {
  const text = [
    "event,event_id,event_name,collector_tstamp,derived_tstamp,user_id,domain_userid,page_url,page_referrer,mkt_source,mkt_medium,mkt_campaign,se_action,tr_orderid,tr_total,tr_currency",
    "page_view,e1,page_view,2026-11-20 10:00:01.5,2026-11-20 10:00:00.000,,d1,https://shop.example/,https://google.com/,google,cpc,spring,,,,",
    "page_ping,e2,page_ping,2026-11-20 10:00:01,2026-11-20 10:00:00,,d1,https://shop.example/,,,,,,,,",
    "struct,e3,event,2026-11-20 10:00:01,,u1,d1,https://shop.example/,,,,,add-to-basket,,,",
    "transaction,e4,transaction,2026-11-20 10:00:01,2026-11-20 10:00:00,u1,d1,https://shop.example/,,,,,,R1,49.9,EUR",
  ].join("\n");
  const { preset, open, rows, refused } = await readFile(text);
  expect({ preset, open, refused }).toEqual({ preset: "snowplow-events", open: [], refused: [] });
  expect(rows.map(([line, row]) => [line, row.type, row.time, row.id])).toEqual([
    [2, "visit", MS, "e1"],
    [4, "custom", MS + 1000, "e3"],
    [5, "conversion", MS, "e4"],
  ]);
  expect(rows).toMatchObject([
    [2, { source: "google", medium: "cpc", campaign: "spring", referrer: "https://google.com/" }],
    [4, { name: "add-to-basket" }],
    [5, { name: "purchase", orderId: "R1", value: "49.9", currency: "EUR" }],
  ]);
});
