import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 60_000;
const NOW = Date.now();
const DAY = new Date(NOW).toISOString().slice(0, 10);

describe("what was spent", () => {
  const data = temporaryDataDir();
  const keys = "one=shop,two=other";
  let platform: Platform;
  const run = async (...args: string[]) => tributary([...args, "--data", data.dir, "--key", "one"]);
  const file = (name: string, text: string): string => {
    const path = join(data.dir, name);
    writeFileSync(path, text);
    return path;
  };

  beforeAll(async () => {
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 2,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_WRITE_KEYS: keys,
        TRIBUTARY_READ_KEYS: keys,
        TRIBUTARY_IMPORT_KEYS: keys,
      },
    });
    const sale = { currency: "EUR", value: "90", orderId: "o-1" };
    const events = [
      { id: "t", type: "click", time: NOW, userId: "ada", source: "google", medium: "cpc" },
      { id: "c", type: "conversion", time: NOW, userId: "ada", ...sale },
    ];
    const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: "Bearer one" },
      body: JSON.stringify(events),
    });
    expect(answer.status).toBe(202);
    const headers = { authorization: "Bearer one" };
    await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`, { headers });
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  it("is imported, listed, and held against what it earned", { timeout: TIMEOUT_MS }, async () => {
    const spend = file(
      "spend.csv",
      `day,source,medium,campaign,amount,currency\n${DAY},google,cpc,,30,EUR\n${DAY},radio,,,5,USD\n`,
    );
    for (const times of ["once", "twice"]) {
      const { stdout } = await run("spend", "import", spend);
      expect([times, stdout]).toEqual([times, "2 rows imported.\n"]);
    }
    expect((await run("spend", "list")).stdout).toMatch(
      /google +cpc +paid_search +[-0-9]+ +EUR +30\n/,
    );
    const missing = await run("cost", "--currency", "EUR");
    expect([missing.code, missing.stderr]).toEqual([
      1,
      expect.stringContaining(`there is no rate of USD in EUR for ${DAY} or before`),
    ]);
    const rates = file("rates.csv", `day,currency,target,rate\n2020-01-01,USD,EUR,0.9\n`);
    expect(jsonOf(await run("rates", "import", rates, "--json"))).toEqual({ imported: 1 });
    expect((await run("rates", "list")).stdout).toMatch(/2020-01-01 +USD +EUR +0\.9/);
    const report = jsonOf<{ rows: unknown; totals: unknown }>(
      await run("cost", "--currency", "EUR", "--by", "source", "--json"),
    );
    expect(report.rows).toMatchObject([
      { source: "google", spend: "30", value: "90", roas: 3, cpa: 30, cpc: 30 },
      { source: "radio", spend: "4.5", value: "0", match: "spend_without_touchpoint" },
    ]);
    expect(report.totals).toMatchObject([{ spend: "34.5", spendWithoutTouchpoint: "4.5" }]);
    const parquet = await fetch(
      `${platform.reportsUrl}/v1/reports/cost?currency=EUR&by=source&format=parquet`,
      { headers: { authorization: "Bearer one" } },
    );
    expect(parquet.headers.get("content-type")).toBe("application/vnd.apache.parquet");
    expect(Buffer.from(await parquet.arrayBuffer()).toString("latin1")).toMatch(/^PAR1.*PAR1$/s);
    const table = await run("cost", "--currency", "EUR", "--by", "source");
    expect(table.stdout).toMatch(
      /radio +EUR +spend_without_touchpoint +4\.50 +0\.00 +0\.00 +0 +0 +– +– +–\n/,
    );
  });

  it("is refused as a whole, by line and field", { timeout: TIMEOUT_MS }, async () => {
    const bad = file("bad.csv", `day,amount,currency\n${DAY},1,EUR\n${DAY},x,EUR\n`);
    const rejects = join(data.dir, "bad.rejects.csv");
    const { code, stdout } = await run("spend", "import", bad, "--rejects", rejects);
    expect(code).toBe(1);
    expect(stdout).toMatch(/2 rows: .*1 refused; nothing was sent\.\n/);
    expect(stdout).toMatch(/line 3: amount: expected an amount .*\(found "x"\)/);
  });

  it("is read from an ad platform's report as it was saved", { timeout: TIMEOUT_MS }, async () => {
    const report = [
      "Campaign report",
      '"November 1, 2026 - November 2, 2026"',
      "Day,Campaign,Currency code,Cost,Impr.",
      '2026-11-01,Hats,EUR,"1,204.50","9,000"',
      'Total: Account, --,EUR,"1,204.50","9,000"',
    ];
    const tabs = report.map((line) => line.replaceAll(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/g, "\t"));
    const path = join(data.dir, "report.csv");
    for (const content of [report.join("\n"), Buffer.from(`\ufeff${tabs.join("\n")}`, "utf16le")]) {
      writeFileSync(path, content);
      const { stdout } = await run("spend", "import", path);
      expect(stdout).toBe("1 row imported.\n");
    }
    expect((await run("spend", "list")).stdout).toMatch(
      /google +cpc +paid_search +Hats +2026-11-01 +EUR +1204\.5\n|google +cpc +Hats .*2026-11-01 +EUR +1204\.5\n/,
    );
  });

  it("is a tenant's own", { timeout: TIMEOUT_MS }, async () => {
    const of = async (path: string, key?: string): Promise<Response> =>
      fetch(`${platform.reportsUrl}${path}`, {
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      });
    for (const path of ["/v1/spend", "/v1/rates", "/v1/reports/cost"]) {
      expect((await of(path)).status).toBe(401);
      expect(await (await of(path, "two")).json()).toMatchObject({ rows: [] });
    }
    const post = await fetch(`${platform.reportsUrl}/v1/spend`, { method: "POST", body: "[]" });
    expect(post.status).toBe(401);
  });
});
