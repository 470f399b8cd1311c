import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, type Report, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const NOW = Date.now();
const SALE = { userId: "ada", orderId: "o-1", currency: "EUR" };

/** What happened, in the order in which it arrives: each changes the conversion's numbers. */
const ARRIVALS = [
  [
    { id: "t-1", type: "click", time: NOW - 60_000, userId: "ada", channel: "email" },
    { id: "c-1", type: "conversion", time: NOW - 10_000, value: "100", ...SALE },
  ],
  [{ id: "t-2", type: "click", time: NOW - 30_000, userId: "ada", channel: "paid_search" }],
  [{ id: "r-1", type: "refund", time: NOW - 5000, value: "40", ...SALE }],
];

interface ConversionAnswer {
  readonly asOf?: number;
  readonly revision: number;
  readonly value: string;
  readonly touchpoints: readonly { readonly id: string }[];
  readonly revisions: readonly {
    readonly revision: number;
    readonly reason: string;
    readonly attributedAt: number;
  }[];
}

describe("a conversion, then a late touchpoint, then a refund of a part", () => {
  const data = temporaryDataDir();
  let platform: Platform | undefined;
  /** Before anything, and after each arrival, ms since 1970. */
  const moments: number[] = [];

  beforeAll(async () => {
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 2,
      environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
    await mark();
    for (const events of ARRIVALS) {
      const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ events }),
      });
      expect(await answer.json()).toEqual({ accepted: events.length, refused: [] });
      const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
      expect(await settled.json()).toEqual({ settled: true });
      await mark();
    }
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  /** Notes a moment that lies between what came before and what comes after. */
  async function mark(): Promise<void> {
    moments.push(Date.now());
    await sleep(2);
  }

  const ask = async (command: string[], moment?: number, ...more: string[]) =>
    tributary([
      ...command,
      "--data",
      data.dir,
      ...(moment === undefined ? [] : ["--as-of", new Date(moment).toISOString()]),
      ...more,
    ]);
  const report = ["report", "--model", "linear"];

  /** What `report --json` holds: channels with their shares and values, and how many conversions there are. */
  const figures = async (moment?: number) => {
    const { rows, totals } = jsonOf<Report>(await ask(report, moment, "--json"));
    return [totals.conversions, ...rows.map((row) => [row.channel, row.conversions, row.value])];
  };
  const states = [
    [0],
    [1, ["email", 1, "100"]],
    [1, ["email", 0.5, "50"], ["paid_search", 0.5, "50"]],
    [1, ["email", 0.5, "30"], ["paid_search", 0.5, "30"]],
  ];

  it("is reported as it was known at each moment between", { timeout: TIMEOUT_MS }, async () => {
    for (const [i, state] of states.entries()) expect(await figures(moments[i])).toEqual(state);
    expect(await figures()).toEqual(states.at(-1));
  });

  it("has a table whose headings say as of when, and CSV", { timeout: TIMEOUT_MS }, async () => {
    const [, first = NaN] = moments;
    const said = `as of ${new Date(first).toISOString()}`;
    const { stdout } = await ask(report, first);
    expect(stdout).toContain(`Value, EUR ${said}\n`);
    expect(stdout).toContain(`Conversions ${said}\n`);
    expect(stdout).toContain(`1 conversion ${said}: 1 attributed, 0 without a touchpoint.`);
    expect((await ask(report)).stdout).not.toContain("as of");
    expect((await ask(report, moments[2], "--csv")).stdout).toBe(
      "model,channel,conversions,value,currency\n" +
        "linear,email,0.5,50,EUR\nlinear,paid_search,0.5,50,EUR\n",
    );
  });

  it("tells why its numbers changed, by order ID", { timeout: TIMEOUT_MS }, async () => {
    const now = jsonOf<ConversionAnswer>(await ask(["conversion", "o-1"], undefined, "--json"));
    expect(now).toMatchObject({ revision: 2, value: "60" });
    expect(now.revisions).toMatchObject([
      { revision: 0, reason: "first", value: "100", touches: 1 },
      { revision: 1, reason: "late_touchpoint", value: "100", touches: 2 },
      { revision: 2, reason: "refund", value: "60", touches: 2 },
    ]);
    for (const [i, { attributedAt }] of now.revisions.entries()) {
      expect(attributedAt).toBeGreaterThan(moments[i] ?? NaN);
      expect(attributedAt).toBeLessThanOrEqual(moments[i + 1] ?? NaN);
    }
    const then = jsonOf<ConversionAnswer>(await ask(["conversion", "c-1"], moments[1], "--json"));
    expect(then).toMatchObject({ asOf: moments[1], revision: 0, value: "100" });
    expect(then.touchpoints.map(({ id }) => id)).toEqual(["t-1"]);
    expect(then.revisions).toEqual(now.revisions);
    const { stdout } = await ask(["conversion", "c-1"]);
    expect(then).toMatchObject({
      notCounted: [{ id: "t-2", reason: "arrived_later", channel: "paid_search" }],
      notCountedTruncated: false,
    });
    expect(now).toMatchObject({ notCounted: [] });
    expect(stdout).toMatch(/\n2 \* .* refund +2 +60\n/);
  });

  it("has a statement of what changed, and why", { timeout: TIMEOUT_MS }, async () => {
    const since = new Date(moments[1] ?? NaN).toISOString();
    const { rows, totals } = jsonOf<{ rows: Record<string, string>[]; totals: unknown }>(
      await ask(["changes", "--since", since], undefined, "--json"),
    );
    expect(rows.map(({ channel, line, value }) => [channel, line, value])).toEqual([
      ["email", "before", "100"],
      ["email", "late_touchpoint", "-50"],
      ["email", "refund", "-20"],
      ["email", "after", "30"],
      ["paid_search", "before", "0"],
      ["paid_search", "late_touchpoint", "50"],
      ["paid_search", "refund", "-20"],
      ["paid_search", "after", "30"],
    ]);
    expect(totals).toMatchObject({ residueConversions: "0", residueValue: "0" });
    const { stdout } = await ask(["changes", "--since", since]);
    expect(stdout).toMatch(/email +EUR +late_touchpoint +-0\.50 +-50\.00/);
  });

  it("cannot be asked for as of a moment to come", { timeout: TIMEOUT_MS }, async () => {
    const { code, stdout, stderr } = await ask(report, Date.now() + 60_000);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/asOf: expected a time that has passed, it is .*, got "/);
    const early = await ask(["conversion", "c-1"], moments[0]);
    expect(early.code).toBe(1);
    expect(early.stderr).toContain('ID or order ID "c-1" as of ');
  });

  it(
    "is answered the same from the folder, without a platform",
    { timeout: TIMEOUT_MS },
    async () => {
      await platform?.stop();
      platform = undefined;
      for (const [i, state] of states.entries()) expect(await figures(moments[i])).toEqual(state);
      const file = join(data.dir, "report.parquet");
      expect(await ask(report, undefined, "--parquet", file)).toMatchObject({ code: 0 });
      expect(readFileSync(file).subarray(0, 4).toString()).toBe("PAR1");
      const exported = await ask(["export", "events"], undefined, "--format", "csv");
      expect(exported.stdout.trimEnd().split("\n")).toHaveLength(1 + ARRIVALS.flat().length);
      const { code, stderr } = await ask(report, Date.now() + 60_000);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^error: asOf: expected a time that has passed/);
    },
  );
});
