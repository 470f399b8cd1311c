import { TenantRules } from "@tributary/attribution";
import type { TributaryEvent } from "@tributary/protocol";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { click, purchase, T0 } from "../support/blocks.ts";
import { openTestReports, type TestReports } from "../support/traffic.ts";

let reports: TestReports;
let tenant: string;
beforeAll(async () => {
  reports = await openTestReports();
  tenant = await reports.load([EVENTS]);
});
afterAll(() => reports.remove());

const sale = (userId: string, more: Partial<TributaryEvent>): TributaryEvent =>
  purchase(`of-${userId}`, { userId, value: "12", currency: "EUR", name: userId, ...more });
/** Each conversion has the name of its user. */
const EVENTS: readonly TributaryEvent[] = [
  click("t1", { userId: "utm", channel: "email", campaign: "letter" }),
  sale("utm", { source: "google", medium: "cpc", campaign: "brand" }),
  click("t2", { userId: "named", channel: "email" }),
  sale("named", { channel: "phone" }),
  // Of the conversion's millisecond, and with an ID behind its own: the conversion is the last all the same.
  click("zz", { userId: "url", channel: "email", time: T0 }),
  sale("url", { url: "https://shop.example/thanks?utm_source=bing&utm_medium=cpc" }),
  // A page that it happened on, and a page before, are no campaign.
  click("t4", { userId: "bare", channel: "email" }),
  sale("bare", { url: "https://shop.example/thanks", referrer: "https://google.com/" }),
  sale("alone", { source: "partner-7" }),
];

const credits = async (
  parameters: Readonly<Record<string, string>>,
  settings = DEFAULT_REPORT_SETTINGS,
): Promise<Record<string, Record<string, number>>> => {
  const asked = { by: "channel,conversion", conversionTouch: "true", ...parameters };
  const { rows } = await reports.ask(tenant, asked, settings);
  const found: Record<string, Record<string, number>> = {};
  const [dimension = "channel"] = asked.by.split(",");
  for (const row of rows) {
    const of = (found[row.conversion ?? ""] ??= {});
    of[String({ ...row }[dimension as "channel"])] = row.conversions;
  }
  return found;
};

describe("a conversion with a campaign of its own", () => {
  test("is the last touchpoint of its path, by the channel that the rules name", async () => {
    expect(await credits({ model: "linear" })).toEqual({
      utm: { email: 0.5, paid_search: 0.5 },
      named: { email: 0.5, phone: 0.5 },
      url: { email: 0.5, paid_search: 0.5 },
      bare: { email: 1 },
      // A source that no list has, without a medium.
      alone: { other: 1 },
    });
    expect(await credits({ model: "last_touch" })).toMatchObject({
      utm: { paid_search: 1 },
      named: { phone: 1 },
      url: { paid_search: 1 },
      bare: { email: 1 },
    });
  });

  test("is none where nobody asks, and the answer says so where somebody does", async () => {
    const asItIs = await credits({ model: "linear", conversionTouch: "false", window: "30d" });
    expect(asItIs).toMatchObject({ utm: { email: 1 }, alone: { unattributed: 1 } });
    const asked = { model: "linear", conversionTouch: "true", against: "true" };
    const report = await reports.ask(tenant, asked);
    expect([report.source, report.rules.conversionTouch]).toEqual(["facts", true]);
    expect(report.rows.find(({ channel }) => channel === "phone")).toMatchObject({
      conversions: 0.5,
      conversionsBefore: 0,
    });
    expect(report.totals).toMatchObject({ conversions: 5, attributed: 5 });
  });

  test("follows the tenant's rules of channels, and what is left out", async () => {
    const channels = new TenantRules({
      rules: [{ channel: "partners", source: ["partner-*"] }],
      excludedReferrers: [],
    });
    const own = { ...DEFAULT_REPORT_SETTINGS, channels };
    expect(await credits({ model: "linear" }, own)).toMatchObject({ alone: { partners: 1 } });
    const left = await credits({ model: "linear", leaveOut: "channel:phone" });
    expect(left).toMatchObject({ named: { email: 1 }, utm: { paid_search: 0.5 } });
    const { rules } = await reports.ask(tenant, {
      conversionTouch: "true",
      leaveOut: "channel:phone",
    });
    expect(rules.leftOutTouchpoints).toBe(1);
  });

  test("bears its own names, is direct where its channel is, and is seen by models over paths", async () => {
    expect(await credits({ model: "last_touch", by: "campaign,conversion" })).toMatchObject({
      utm: { brand: 1 },
      url: { "(none)": 1 },
    });
    const direct = { ...DEFAULT_REPORT_SETTINGS, directChannels: ["phone"] };
    expect(await credits({ model: "last_non_direct" }, direct)).toMatchObject({
      named: { email: 1 },
      utm: { paid_search: 1 },
    });
    expect(await credits({ model: "shapley" })).toMatchObject({
      utm: { email: 0.5, paid_search: 0.5 },
    });
  });
});
