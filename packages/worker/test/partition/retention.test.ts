import type { TenantCounts } from "@tributary/attribution";
import { describe, expect, it } from "vitest";
import { FactRetention } from "../../src/partition/retention.ts";

const HORIZON = 1000;
const KEPT = 100;
const counts = (byTenant: Record<string, [processed: number, latestTimeMs: number]>) =>
  Object.fromEntries(
    Object.entries(byTenant).map(([tenant, [processed, latestTimeMs]]): [string, TenantCounts] => [
      tenant,
      {
        accepted: processed,
        duplicate: 0,
        processed,
        droppedConversionsPerUser: 0,
        droppedTouchpointsPerUser: 0,
        droppedDirectVisitsPerUser: 0,
        droppedCustomPerUser: 0,
        droppedIdentifiesPerUser: 0,
        droppedFactsPerPartition: 0,
        late: 0,
        unmatchedRefunds: 0,
        duplicateOrders: 0,
        erased: 0,
        droppedUsersPerPartition: 0,
        latestTimeMs,
        watermarkMs: latestTimeMs,
        kept: 0,
        keptTimeMs: 0,
        keptOrders: 0,
        ordersMs: 0,
      },
    ]),
  );

describe("what of the fact log can still matter", () => {
  it("is all of it while nothing is known to be old", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    expect(retention.decide(10_000)).toEqual({ factsFrom: undefined, rebuild: false });
    retention.add("500-0", counts({ a: [5, 5000] }));
    expect(retention.decide(10_000).factsFrom).toBe("500-0");
  });

  it("ends where every tenant's facts are older than its watermark less the horizon", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    retention.add("1-0", counts({ a: [1, 5000] }));
    retention.add("2-0", counts({ a: [1, 5100], b: [1, 5000] }));
    retention.add("3-0", counts({ a: [1, 7000] }));
    // b's watermark has not moved: its fact keeps the second block.
    expect(retention.decide(10_000).factsFrom).toBe("2-0");
    retention.add("4-0", counts({ b: [1, 6001] }));
    expect(retention.decide(10_000).factsFrom).toBe("3-0");
  });

  it("counts a fact exactly at the horizon as one that matters", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    retention.add("1-0", counts({ a: [1, 6000] }));
    retention.add("2-0", counts({ a: [1, 7000] }));
    expect(retention.decide(10_000).factsFrom).toBe("1-0");
    retention.add("3-0", counts({ a: [1, 7001] }));
    expect(retention.decide(10_000).factsFrom).toBe("2-0");
  });

  it("goes by the watermark: an event of a fast clock ages nobody's facts, and stays until its own time", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    retention.add("1-0", counts({ a: [1, 6500] }));
    const { a } = counts({ a: [1, 90_000] });
    if (a === undefined) throw new Error("no counts");
    retention.add("2-0", { a: { ...a, watermarkMs: 7000 } });
    retention.add("3-0", counts({ a: [1, 7000] }));
    expect(retention.decide(10_000).factsFrom).toBe("1-0");
    retention.add("4-0", counts({ a: [1, 60_000] }));
    expect(retention.decide(10_000).factsFrom).toBe("2-0");
  });

  it("keeps every fact for a while after it came, however old its event", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    retention.add("9950-0", counts({ a: [1, 10] }));
    retention.add("9960-0", counts({ a: [1, 50_000] }));
    expect(retention.decide(10_000).factsFrom).toBe("9950-0");
    expect(retention.decide(10_051).factsFrom).toBe("9960-0");
  });

  it("goes by the orders' own times where a tenant has records of orders here, and no facts", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    const orders = (ms: number, kept = 1) => {
      const { a } = counts({ a: [0, 0] });
      if (a === undefined) throw new Error("no counts");
      return { a: { ...a, kept, keptTimeMs: ms, keptOrders: 1, ordersMs: ms } };
    };
    retention.add("1-0", orders(5000));
    retention.add("2-0", orders(6000));
    expect(retention.decide(10_000).factsFrom).toBe("1-0");
    retention.add("3-0", orders(6001));
    expect(retention.decide(10_000).factsFrom).toBe("2-0");
    // With another record beside it, or with facts, these decide.
    retention.add("4-0", orders(6600, 2));
    retention.add("5-0", orders(90_000));
    expect(retention.decide(10_000).factsFrom).toBe("4-0");
    retention.add("6-0", counts({ a: [1, 7601] }));
    expect(retention.decide(10_000).factsFrom).toBe("5-0");
  });

  it("never trims the last block, and asks for a rebuild when most facts are gone", () => {
    const retention = new FactRetention(HORIZON, KEPT);
    for (let i = 0; i < 5; i += 1) retention.add(`${i + 1}-0`, counts({ a: [50_000, i * 10_000] }));
    expect(retention.decide(10_000)).toEqual({ factsFrom: "5-0", rebuild: true });
  });
});
