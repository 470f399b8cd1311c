/** What was sent comes out as it was, and sent again to another tenant gives the same reports. */
import { readFileSync, existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTenants, type Tenants } from "../support/tenants.ts";
import { temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const NOW = Date.now();
const at = (secondsAgo: number) => ({ time: NOW - secondsAgo * 1000 });
const DEVICE = "0b8e2f1a-1111-4222-8333-444455556666";
const worth = (value: string, orderId: string) => ({ value, orderId, currency: "EUR" });

/** As the event API takes them; of the channels some are named by the rules. */
const EVENTS = [
  { id: "t-1", type: "click", ...at(90), anonymousId: DEVICE, source: "google", medium: "cpc" },
  {
    id: DEVICE,
    type: "visit",
    ...at(80),
    anonymousId: DEVICE,
    url: 'https://shop.example/?utm_source=news&utm_medium=email&q="a,b"',
    referrer: "https://example.org/",
    properties: { "=1+1": ['say "hi",\n', null, 1e21, { ä: true }] },
  },
  { id: "i-1", type: "identify", ...at(70), userId: "ada", anonymousId: DEVICE },
  { id: "t-2", type: "impression", ...at(60), userId: "ada", campaign: "=cmd|' /C calc'!A0" },
  {
    id: "c-1",
    type: "conversion",
    ...at(50),
    userId: "ada",
    name: "purchase",
    ...worth("19.990000000001", "o-1"),
  },
  { id: "r-1", type: "refund", ...at(40), userId: "ada", ...worth("4", "o-1") },
  { id: "c-2", type: "conversion", ...at(30), userId: "bob" },
  { id: "x-1", type: "custom", ...at(20), userId: "bob", name: "signed up" },
];
const REPORTS = [
  "attribution?model=all&by=channel,campaign",
  "attribution?model=markov,shapley&by=channel",
  "counts?by=campaign&interval=day",
  "paths?by=channel",
  "assists",
  "time-to-convert",
];

describe("an export", () => {
  const data = temporaryDataDir();
  let tenants: Tenants;
  beforeAll(async () => {
    tenants = await startTenants("sent", "ndjson", "csv", "none");
    const answer = await fetch(`${tenants.platform.gatewayUrl}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer sent" },
      body: JSON.stringify(EVENTS),
    });
    expect(await answer.json()).toEqual({ accepted: EVENTS.length, refused: [] });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await tenants?.close();
    data.remove();
  });

  const exported = async (what: string, ...more: string[]) => {
    const result = await tributary([
      "export",
      what,
      "--url",
      tenants.platform.reportsUrl,
      ...(more.includes("--key") ? more : ["--key", "sent", ...more]),
    ]);
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    return result.stdout;
  };
  const objects = (ndjson: string): Record<string, unknown>[] =>
    ndjson
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  const reports = async (tenant: string) => {
    await tenants.report(tenant);
    const headers = { authorization: `Bearer ${tenant}` };
    return Promise.all(
      REPORTS.map(async (path) => {
        const answer = await fetch(`${tenants.platform.reportsUrl}/v1/reports/${path}`, {
          headers,
        });
        const { rows, totals } = (await answer.json()) as { rows: unknown; totals: unknown };
        return { path, rows, totals };
      }),
    );
  };

  it("of events has each as it was sent, with its channel", { timeout: TIMEOUT_MS }, async () => {
    const found = objects(await exported("events"));
    expect(found).toHaveLength(EVENTS.length);
    for (const sent of EVENTS) {
      const { channel, ...event } = found.find(({ id }) => id === sent.id) ?? {};
      // What the URL says is said, too.
      const tags = sent.id === DEVICE ? { source: "news", medium: "email" } : {};
      expect(event).toEqual({ ...sent, ...tags });
      if (sent.id === "t-1") expect(channel).toBe("paid_search");
    }
  });

  for (const format of ["ndjson", "csv"]) {
    it(
      `of events as ${format}, sent again, gives the same reports`,
      { timeout: TIMEOUT_MS },
      async () => {
        const file = join(data.dir, `events.${format}`);
        expect(await exported("events", "--output", file)).toBe("");
        const { gatewayUrl, reportsUrl } = tenants.platform;
        const to = ["--url", gatewayUrl, "--key", format, "--reports-url", reportsUrl];
        const result = await tributary(["replay", file, ...to, "--read-key", format, "--json"]);
        expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
        expect(JSON.parse(result.stdout)).toMatchObject({ accepted: EVENTS.length, refused: 0 });
        expect(await reports(format)).toEqual(await reports("sent"));
      },
    );
  }

  it("of conversions and credits has what is valid, exact", { timeout: TIMEOUT_MS }, async () => {
    const conversions = objects(await exported("conversions"));
    expect(conversions).toMatchObject([
      { id: "c-1", orderId: "o-1", name: "purchase", userId: "ada", value: "15.990000000001" },
      { id: "c-2", userId: "bob", touchpoints: 0, value: "0", revision: 0, reason: "first" },
    ]);
    const credits = objects(await exported("credits"));
    const linear = credits.filter(({ model }) => model === "linear");
    expect(linear).toMatchObject([
      {
        conversionId: "c-1",
        touchpointId: "t-1",
        channel: "paid_search",
        credit: "0.333333333334",
      },
      { conversionId: "c-1", touchpoint: 2, touchpointId: DEVICE, channel: "email" },
      { conversionId: "c-1", touchpoint: 3, touchpointId: "t-2", credit: "0.333333333333" },
      { conversionId: "c-2", touchpoint: 0, credit: "1", value: "0" },
    ]);
    const csv = await exported("credits", "--format", "csv");
    expect(csv.split("\n")).toHaveLength(credits.length + 2);
    const late = new Date(NOW - 35_000).toISOString();
    expect(objects(await exported("conversions", "--from", late))).toMatchObject([{ id: "c-2" }]);
  });

  it("as Parquet is a whole file, or none", { timeout: TIMEOUT_MS }, async () => {
    const file = join(data.dir, "credits.parquet");
    await exported("credits", "--output", file);
    const bytes = readFileSync(file);
    expect([bytes.subarray(0, 4).toString(), bytes.subarray(-4).toString()]).toEqual([
      "PAR1",
      "PAR1",
    ]);
    const none = join(data.dir, "no-such-folder", "credits.parquet");
    const at = ["--url", tenants.platform.reportsUrl, "--key", "sent"];
    const failed = await tributary(["export", "credits", ...at, "--output", none]);
    expect(failed).toMatchObject({ code: 1 });
    expect(failed.stderr).toMatch(/^error: .*no-such-folder.*: ENOENT/);
    expect(existsSync(none)).toBe(false);
    expect(readdirSync(data.dir).filter((name) => name.endsWith(".part"))).toEqual([]);
  });

  it("of a report's rows is a Parquet file, too", { timeout: TIMEOUT_MS }, async () => {
    for (const command of ["report", "paths"]) {
      const file = join(data.dir, `${command}.parquet`);
      const at = ["--url", tenants.platform.reportsUrl, "--key", "sent"];
      const result = await tributary([command, ...at, "--parquet", file]);
      expect(result).toMatchObject({ code: 0, stdout: "", stderr: `report written to ${file}\n` });
      expect(readFileSync(file).subarray(0, 4).toString()).toBe("PAR1");
    }
  });

  it(
    "of a tenant without events is empty, and a wrong key has none",
    { timeout: TIMEOUT_MS },
    async () => {
      expect(await exported("events", "--key", "none")).toBe("");
      expect(await exported("events", "--key", "none", "--format", "csv")).toMatch(
        /^id,type,time,/,
      );
      const at = ["--url", tenants.platform.reportsUrl, "--key", "wrong"];
      const wrong = await tributary(["export", "events", ...at]);
      expect(wrong).toMatchObject({ code: 1, stdout: "" });
      expect(wrong.stderr).toContain("answered 401");
    },
  );
});
