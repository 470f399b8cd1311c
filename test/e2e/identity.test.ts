/** A visitor turns out to be a known user, then another one: what was attributed is attributed anew, and the old stays readable. */
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { jsonOf, type Report, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const NOW = Date.now();
const DEVICE = { anonymousId: "0b8e2f1a-1111-4222-8333-444455556666" };
const ADA = { userId: "ada" };
const EVE = { userId: "eve" };
const at = (secondsAgo: number) => ({ time: NOW - secondsAgo * 1000 });
const worth = (value: string, orderId: string) => ({ value, orderId, currency: "EUR" });

/** What happened, in the order in which it arrives. */
const ARRIVALS = [
  [
    { id: "t-1", type: "click", ...at(60), ...DEVICE, channel: "email" },
    { id: "c-1", type: "conversion", ...at(40), ...DEVICE, ...worth("10", "o-1") },
    { id: "c-2", type: "conversion", ...at(20), ...ADA, ...worth("100", "o-2") },
  ],
  [{ id: "i-1", type: "identify", ...at(10), ...ADA, ...DEVICE }],
  [{ id: "t-2", type: "click", ...at(30), ...DEVICE, channel: "paid_search" }],
  // Refunded by the known user what the unknown visitor bought.
  [{ id: "r-1", type: "refund", ...at(5), ...ADA, ...worth("4", "o-1") }],
  // A value that stands for nobody, and a second user of the device: neither changes anything.
  [
    { id: "i-2", type: "identify", ...at(50), ...EVE, anonymousId: "null" },
    { id: "i-3", type: "identify", ...at(3), ...EVE, ...DEVICE },
  ],
  // It was the other user's before, which is heard of last.
  [{ id: "i-4", type: "identify", ...at(70), ...EVE, ...DEVICE }],
];

/** Conversions; then channel, conversions and value, of the linear model. */
const STATES = [
  [2, ["unattributed", 1, "100"], ["email", 1, "10"]],
  [2, ["email", 2, "110"]],
  [2, ["email", 1.5, "60"], ["paid_search", 0.5, "50"]],
  [2, ["email", 1.5, "56"], ["paid_search", 0.5, "50"]],
  [2, ["email", 1.5, "56"], ["paid_search", 0.5, "50"]],
  // The refund is of the order, whoever the known user is.
  [2, ["unattributed", 1, "100"], ["email", 1, "6"]],
];

interface ConversionAnswer {
  readonly userKey: string;
  readonly revisions: readonly { readonly reason: string; readonly touches: number }[];
}

describe("a visitor who turns out to be known", () => {
  const data = temporaryDataDir();
  let platform: Platform | undefined;
  const moments: string[] = [];

  beforeAll(async () => {
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      partitions: 8,
      environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
    });
    for (const events of ARRIVALS) {
      const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ events }),
      });
      expect(await answer.json()).toEqual({ accepted: events.length, refused: [] });
      const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
      expect(await settled.json()).toEqual({ settled: true });
      moments.push(new Date().toISOString());
      await sleep(2);
    }
  }, TIMEOUT_MS);
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  const ask = async <T>(...command: string[]): Promise<T> =>
    jsonOf<T>(await tributary([...command, "--data", data.dir, "--json"]));

  it("is credited with what came before, as of each moment", { timeout: TIMEOUT_MS }, async () => {
    for (const [i, state] of STATES.entries()) {
      const asOf = ["--as-of", moments[i] ?? ""];
      const { rows, totals } = await ask<Report>("report", "--model", "linear", ...asOf);
      const found = rows.map(({ channel, conversions, value }) => [channel, conversions, value]);
      expect({ i, found: [totals.conversions, ...found] }).toEqual({ i, found: state });
    }
  });

  it("has every revision, each with its reason", { timeout: TIMEOUT_MS }, async () => {
    const anonymous = await ask<ConversionAnswer>("conversion", "o-1");
    expect(anonymous.userKey).toBe("eve");
    expect(anonymous.revisions).toMatchObject([
      { reason: "first", touches: 1 },
      { reason: "merge", touches: 1 },
      { reason: "refund", touches: 1 },
      { reason: "merge", touches: 1 },
      // The other user's partition hears of the order's refund from the order's home.
      { reason: "refund", touches: 1 },
    ]);
    const known = await ask<ConversionAnswer>("conversion", "o-2");
    expect(known.userKey).toBe("ada");
    expect(known.revisions).toMatchObject([
      { reason: "first", touches: 0 },
      { reason: "merge", touches: 1 },
      { reason: "late_touchpoint", touches: 2 },
      { reason: "merge", touches: 0 },
    ]);
  });

  it("has a statement of what merges changed", { timeout: TIMEOUT_MS }, async () => {
    const since = moments[0] ?? "";
    const { rows, totals } = await ask<{
      rows: Record<string, string>[];
      totals: Record<string, string>;
    }>("changes", "--since", since, "--model", "linear");
    const lines = rows.map(({ channel, line, value }) => [channel, line, value]);
    expect(lines).toContainEqual(["paid_search", "late_touchpoint", "50"]);
    expect(lines).toContainEqual(["paid_search", "merge", "-50"]);
    expect(totals).toMatchObject({ residueConversions: "0", residueValue: "0" });
  });

  it("closes its books, and is audited without a difference", { timeout: TIMEOUT_MS }, async () => {
    const answer = await fetch(`${platform?.reportsUrl ?? ""}/v1/reports/conservation`);
    const conserved: unknown = await answer.json();
    expect(conserved).toMatchObject({ complete: true, events: { accepted: 9, residue: 0 } });
    expect(await ask("audit")).toMatchObject({ compared: 2, different: 0 });
  });
});
