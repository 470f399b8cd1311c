/** Days of 23, 24 and 25 hours, as ranges and as groups, of conversions and of spend. */
import { storeSpend, type WarehouseEngine } from "@tributary/warehouse";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answerAttribution, type Attribution } from "../../src/attribution/attribution.ts";
import { CATALOG, type ReportName } from "../../src/catalog/catalog.ts";
import { answerReport, type RowsAnswer } from "../../src/catalog/report.ts";
import { spendRows } from "../../src/formats/import-rows.ts";
import { givenRows } from "../../src/formats/import-text.ts";
import { nextDay, startOfDay } from "../../src/question/local-time.ts";
import { parseQuestion } from "../../src/question/question.ts";
import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { click, purchase, T0 } from "../support/blocks.ts";
import { localComputer, temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

const HALF_HOUR_MS = 1_800_000;
const NOW = T0 + 365 * 86_400_000;

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

const settingsOf = (timeZone: string) => ({ ...DEFAULT_REPORT_SETTINGS, timeZone });
async function ask(
  name: ReportName,
  tenant: string,
  zone: string,
  parameters: Record<string, string>,
): Promise<RowsAnswer & { totals: Record<string, unknown> }> {
  const context = { engine, tenant, settings: settingsOf(zone), now: NOW };
  const answer = await answerReport(CATALOG[name], context, parameters);
  const read: unknown = CATALOG[name].answer.parse(answer);
  return read as RowsAnswer & { totals: Record<string, unknown> };
}
async function attribute(
  tenant: string,
  zone: string,
  parameters: Record<string, string>,
): Promise<Attribution> {
  const settings = settingsOf(zone);
  const { question } = parseQuestion({ model: "linear", ...parameters }, NOW, settings);
  const parts = { engine, computer: localComputer(), settings };
  return answerAttribution(parts, { tenant, ...question });
}

describe.each([
  ["Europe/Berlin", "2024-03-31", 23],
  ["Europe/Berlin", "2024-10-27", 25],
  ["Europe/Berlin", "2024-10-28", 24],
  ["America/Sao_Paulo", "2018-11-04", 23],
  ["America/Sao_Paulo", "2018-02-17", 25],
  ["America/New_York", "2024-11-03", 25],
  ["Asia/Kathmandu", "2024-03-31", 24],
  ["Pacific/Apia", "2011-12-29", 24],
  ["Pacific/Apia", "2011-12-31", 24],
  ["Pacific/Chatham", "2024-04-07", 25],
])("%s, %s", (zone, day, hours) => {
  const tenant = `${zone.replace("/", "-")}-${day}`;
  const range = { from: day, to: nextDay(day) };
  // By the runtime's own formats: neither the reports nor the warehouse compute this.
  const local = (ms: number): string =>
    new Intl.DateTimeFormat("sv-SE", {
      timeZone: zone,
      dateStyle: "short",
      timeStyle: "short",
    }).format(ms);
  const times: number[] = [];
  beforeAll(async () => {
    const first = startOfDay(day, zone) - 6 * HALF_HOUR_MS;
    for (let i = 0; i < 2 * 31; i += 1) times.push(first + i * HALF_HOUR_MS);
    const events = times.flatMap((time, i) => [
      click(`t${i}`, { userId: `u${i}`, time }),
      purchase(`c${i}`, { userId: `u${i}`, time, value: "1" }),
    ]);
    await loadTraffic(engine, [events], tenant);
    const before = new Date(Date.parse(day) - 86_400_000).toISOString().slice(0, 10);
    const spent = [before, day, nextDay(day)].map((of, i) => `${of},email,${10 ** i},EUR`);
    const csv = `day,channel,amount,currency\n${spent.join("\n")}\n`;
    await storeSpend(engine, tenant, spendRows((await givenRows("spend", Buffer.from(csv))).rows), {
      importedAt: 1,
      importId: "",
    });
  });

  test("a range of one day has its hours, and names zone and ends", async () => {
    const ofDay = times.filter((ms) => local(ms).startsWith(day));
    expect(ofDay).toHaveLength(2 * hours);
    const report = await attribute(tenant, zone, range);
    expect(report.totals.conversions).toBe(2 * hours);
    const ends = { timeZone: zone, from: ofDay[0], to: (ofDay[0] ?? 0) + hours * 3_600_000 };
    expect(report).toMatchObject(ends);
    const counted = await ask("counts", tenant, zone, range);
    expect(counted).toMatchObject({ ...ends, totals: { conversions: 2 * hours } });
    for (const name of ["paths", "assists", "time-to-convert"] as const) {
      const { totals, ...of } = await ask(name, tenant, zone, range);
      expect({ name, ...of }).toMatchObject({ name, ...ends });
      expect(totals["conversions"] ?? totals["attributed"]).toBe(2 * hours);
    }
    // The day's spend alone, of three days, against the day's conversions; a day that the zone skipped belongs to the one before.
    const cost = await ask("cost", tenant, zone, range);
    const spend = day === "2011-12-29" ? "110" : "10";
    expect(cost.rows).toMatchObject([{ spend, value: String(2 * hours) }]);
    expect(cost).toMatchObject(ends);
  });

  test("hours and days as groups are the clocks' own", async () => {
    const expected = new Map<string, number>();
    for (const ms of times) {
      const of = local(ms).slice(0, 10);
      expected.set(of, (expected.get(of) ?? 0) + 1);
    }
    const byDay = await attribute(tenant, zone, { by: "day" });
    expect(new Map(byDay.rows.map((row) => [row.day, row.conversions]))).toEqual(expected);
    const counted = await ask("counts", tenant, zone, { interval: "day" });
    const perDay = counted.rows.map((row) => [row["time"], Number(row["conversions"])] as const);
    expect(new Map(perDay.filter(([, count]) => count > 0))).toEqual(expected);
    const byHour = await attribute(tenant, zone, { ...range, by: "hour" });
    expect(byHour.rows.map((row) => row.conversions)).toEqual(
      Array.from({ length: hours }, () => 2),
    );
    const spans = await ask("counts", tenant, zone, { ...range, interval: "hour", by: "name" });
    const begins = spans.rows
      .filter((row) => row["name"] === "purchase")
      .map((row) => Date.parse(String(row["time"])));
    // Each begin is a time that the API takes, and they are in their order.
    expect(begins).toEqual(
      times.filter((ms) => local(ms).startsWith(day)).filter((_, i) => i % 2 === 0),
    );
  });
});
