import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { PATH_MODEL_NAMES } from "@tributary/attribution";
import type { TributaryEvent } from "@tributary/protocol";
import { T0 } from "../support/blocks.ts";
import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { openTestReports, type TestReports } from "../support/traffic.ts";

const HOUR_MS = 3_600_000;

let reports: TestReports;
beforeAll(async () => {
  reports = await openTestReports();
});
afterAll(() => reports.remove());

describe("one user's conversion, by hand", () => {
  const at = (hours: number) => T0 + hours * HOUR_MS;
  const of = (id: string, type: "impression" | "click" | "visit", hours: number, channel: string) =>
    ({ id, type, time: at(hours), userId: "u", channel }) satisfies TributaryEvent;
  let tenant: string;
  beforeAll(async () => {
    tenant = await reports.load([
      [
        of("a", "click", 0, "email"),
        of("b", "visit", 24, "direct"),
        of("c", "impression", 40, "display"),
        { id: "l", type: "custom", name: "signup", time: at(41), userId: "u" },
        of("d", "click", 44, "email"),
        of("e", "click", 46, "paid_search"),
        {
          id: "p",
          type: "conversion",
          name: "purchase",
          time: at(48),
          userId: "u",
          value: "12",
          currency: "EUR",
        },
        // Not on the path: after the conversion, or another user's.
        of("f", "click", 49, "referral"),
        { id: "g", type: "click", time: at(47), anonymousId: "u", channel: "referral" },
      ],
    ]);
  });
  const money = async (parameters: Readonly<Record<string, string>>) => {
    const { rows } = await reports.ask(tenant, parameters);
    return Object.fromEntries(rows.map((row) => [row.channel, row.value]));
  };

  test.each([
    [{ window: "48h" }, { email: "4.8", direct: "2.4", display: "2.4", paid_search: "2.4" }],
    [{ window: "47h" }, { direct: "3", display: "3", email: "3", paid_search: "3" }],
    [{ clickWindow: "3h" }, { display: "6", paid_search: "6" }],
    [{ viewWindow: "1h" }, { email: "6", direct: "3", paid_search: "3" }],
    [{ windows: "purchase:5h,lead:1h" }, { email: "6", paid_search: "6" }],
    [{ windows: "lead:1h", window: "2h" }, { paid_search: "12" }],
    [{ viewThrough: "false" }, { email: "6", direct: "3", paid_search: "3" }],
    [{ clickBeatsImpression: "true" }, { email: "6", direct: "3", paid_search: "3" }],
    [{ clickBeatsImpression: "true", window: "1h", viewWindow: "9h" }, { display: "12" }],
    [{ leaveOut: "channel:email" }, { direct: "4", display: "4", paid_search: "4" }],
    [
      { leaveOut: "channel:email,channel:paid_search,channel:direct,channel:display" },
      { unattributed: "12" },
    ],
    [{ window: "0ms" }, { unattributed: "12" }],
    [{ window: "none" }, { email: "4.8", direct: "2.4", display: "2.4", paid_search: "2.4" }],
    [{ transform: "first" }, { email: "3", direct: "3", display: "3", paid_search: "3" }],
  ])("linear with %j", async (parameters, expected) => {
    expect(await money({ model: "linear", ...parameters })).toEqual(expected);
  });

  test("last_non_direct passes over the channels that count as direct for the tenant", async () => {
    const last = async (...directChannels: string[]) => {
      const settings = { ...DEFAULT_REPORT_SETTINGS, directChannels };
      const asked = { model: "last_non_direct", window: "48h" };
      const { rows, rules } = await reports.ask(tenant, asked, settings);
      return [rows.map(({ channel }) => channel), rules.directChannels];
    };
    expect(await last("direct")).toEqual([["paid_search"], undefined]);
    expect(await last("direct", "paid_search", "email")).toEqual([
      ["display"],
      ["direct", "paid_search", "email"],
    ]);
    expect(await last()).toEqual([["paid_search"], []]);
  });

  test("without a bound the oldest touchpoint counts, also where the time asked for begins years after it", async () => {
    const years = 3 * 365 * 24;
    const old = await reports.load([
      [
        of("a", "impression", -years, "display"),
        of("b", "click", -years + 1, "email"),
        { id: "p", type: "conversion", name: "purchase", time: at(1), userId: "u" },
        { id: "q", type: "conversion", name: "lead", time: at(2), userId: "u" },
      ],
    ]);
    const channels = async (parameters: Readonly<Record<string, string>>) => {
      const asked = { model: "linear", from: String(at(0)), by: "channel,conversion" };
      const { rows, rules } = await reports.ask(old, { ...asked, ...parameters });
      return { rules, rows: rows.map((row) => [row.conversion, row.channel, row.conversions]) };
    };
    const lost = ["purchase", "unattributed", 1];
    expect((await channels({})).rows).toContainEqual(lost);
    const none = await channels({ window: "none" });
    expect(none.rules).toMatchObject({ clickWindowMs: null, viewWindowMs: null });
    expect(none.rows).toHaveLength(4);
    expect(none.rows).toContainEqual(["purchase", "display", 0.5]);
    expect((await channels({ clickWindow: "none" })).rows).toContainEqual(["purchase", "email", 1]);
    const named = await channels({ windows: "lead:none" });
    expect(named.rows).toContainEqual(lost);
    expect(named.rows).toContainEqual(["lead", "display", 0.5]);
    expect(named.rules.windows).toEqual({ lead: { clickWindowMs: null, viewWindowMs: null } });
  });

  test("a conversion uses up its touchpoints where the journey starts anew after it, also one before the time asked for", async () => {
    const twice = await reports.load([
      [
        of("a", "click", 1, "email"),
        { id: "p", type: "conversion", name: "lead", time: at(2), userId: "u" },
        of("b", "click", 2, "direct"),
        of("c", "click", 3, "referral"),
        { id: "q", type: "conversion", name: "purchase", time: at(4), userId: "u" },
        { id: "r", type: "conversion", name: "purchase", time: at(5), userId: "u" },
      ],
    ]);
    const counts = async (parameters: Readonly<Record<string, string>>) => {
      const { rows } = await reports.ask(twice, {
        model: "linear",
        afterConversion: "reset",
        ...parameters,
      });
      return Object.fromEntries(rows.map((row) => [row.channel, row.conversions]));
    };
    // A touchpoint of the same time is the conversion's.
    expect(await counts({})).toEqual({ email: 0.5, direct: 0.5, referral: 1, unattributed: 1 });
    expect(await counts({ from: String(at(3)), to: String(at(5)) })).toEqual({ referral: 1 });
    expect(await counts({ afterConversion: "keep", to: String(at(3)) })).toEqual({
      email: 0.5,
      direct: 0.5,
    });
  });

  test("w_shaped: the lead is the display impression's, and without one the ends earn", async () => {
    expect(await money({ model: "w_shaped", lead: "signup" })).toEqual({
      email: "4.2",
      display: "3.6",
      paid_search: "3.6",
      direct: "0.6",
    });
    const without = await reports.ask(tenant, { model: "w_shaped" });
    // 12 · (0.3 + 0.1/3) / 0.7
    expect(without.rows[0]).toMatchObject({ channel: "email", value: "5.714285714285" });
  });

  test("time_decay with another half-life, and a model of one's own", async () => {
    const decay = await money({ model: "time_decay", halfLife: "2h", leaveOut: "channel:direct" });
    const weights = { email: 2 ** -24 + 2 ** -2, display: 2 ** -4, paid_search: 2 ** -1 };
    const sum = weights.email + weights.display + weights.paid_search;
    for (const [channel, weight] of Object.entries(weights)) {
      expect(Number(decay[channel])).toBeCloseTo((12 * weight) / sum, 10);
    }
    const ours = JSON.stringify({ name: "ours", channels: { direct: 0, email: 0.5 } });
    expect(await money({ custom: ours })).toEqual({ email: "4", display: "4", paid_search: "4" });
  });

  test("beside the report as it is: what each group gains or loses, and those that vanish", async () => {
    const report = await reports.ask(tenant, {
      model: "linear",
      leaveOut: "channel:email",
      against: "true",
    });
    expect(report.rules).toMatchObject({ leaveOut: ["channel:email"], leftOutTouchpoints: 2 });
    expect(report.totalsBefore).toEqual(report.totals);
    const row = { model: "linear", currency: "EUR" };
    expect(report.rows).toMatchObject([
      { channel: "email", value: "0", valueBefore: "4.8", valueChange: "-4.8" },
      { channel: "direct", value: "4", valueBefore: "2.4", valueChange: "1.6" },
      { channel: "display", value: "4", valueBefore: "2.4", valueChange: "1.6" },
      { channel: "paid_search", value: "4", valueBefore: "2.4", valueChange: "1.6" },
    ]);
    expect(report.rows[0]).toMatchObject({
      ...row,
      conversionsBefore: 0.4,
      conversionsChange: -0.4,
    });
  });

  test("models over paths see what the rules leave, also of journeys that did not convert", async () => {
    const { rows } = await reports.ask(tenant, {
      model: PATH_MODEL_NAMES.filter((name) => name !== "shapley_rate").join(","),
      leaveOut: "channel:email,channel:direct,channel:display",
    });
    for (const row of rows) expect(row).toMatchObject({ channel: "paid_search", value: "12" });
    expect(rows).toHaveLength(PATH_MODEL_NAMES.length - 1);
  });
});
