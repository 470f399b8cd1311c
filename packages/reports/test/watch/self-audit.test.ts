import type { TributaryEvent } from "@tributary/protocol";
import { EVERYBODY } from "@tributary/tenants";
import { metricsText } from "@tributary/telemetry";
import { ATTRIBUTIONS_TABLE, EVENTS_TABLE, type WarehouseEngine } from "@tributary/warehouse";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Accounting } from "../../src/catalog/conservation.ts";
import { DEFAULT_REPORT_SETTINGS, SettingsByTenant } from "../../src/question/settings.ts";
import { SelfAudit, type SelfAuditParts } from "../../src/watch/self-audit.ts";
import { T0 } from "../support/blocks.ts";
import { quietTelemetry, temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

const OPTIONS = { intervalMs: 20, conversions: 100, tenants: 10, pauseMs: 0 };
const YEAR_MS = 365 * 86_400_000;
const settings = new SettingsByTenant(
  { ...DEFAULT_REPORT_SETTINGS, latenessMs: YEAR_MS },
  EVERYBODY,
);
let engine: WarehouseEngine;
let remove: () => Promise<void>;
let accepted: Map<string, number>;
let waiting = false;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());
beforeEach(async () => {
  accepted = new Map();
  waiting = false;
  for (const table of [EVENTS_TABLE, ATTRIBUTIONS_TABLE]) await engine.command(`TRUNCATE ${table}`);
});

/** Users who each click and buy for 10 EUR. */
async function load(tenant: string, users: number): Promise<void> {
  const events = Array.from({ length: users }, (_, i): TributaryEvent[] => [
    { id: `t${i}`, type: "click", time: T0 - 1000, userId: `u${i}`, channel: "email" },
    { id: `c${i}`, type: "conversion", time: T0, userId: `u${i}`, value: "10", currency: "EUR" },
  ]);
  await loadTraffic(engine, [events.flat()], tenant);
  accepted.set(tenant, (accepted.get(tenant) ?? 0) + 2 * users);
}

function accountingOf(tenant: string): Accounting {
  const count = accepted.get(tenant) ?? 0;
  const accounts = {
    accepted: count,
    duplicate: 0,
    processed: count,
    deadLettered: 0,
    dropped: {},
  };
  return { waiting, accounts };
}

function auditor(more: Partial<SelfAuditParts> = {}, options = OPTIONS) {
  const { telemetry, logged } = quietTelemetry();
  const audit = new SelfAudit(
    {
      engine,
      telemetry,
      settings,
      readAccounting: async (tenant) => accountingOf(tenant),
      settle: async () => !waiting,
      random: () => 0,
      ...more,
    },
    options,
  );
  const metric = async (name: string): Promise<string | undefined> =>
    new RegExp(`^tributary_${name} (\\S+)$`, "m").exec(
      (await metricsText(telemetry.metrics)).body,
    )?.[1];
  return { audit, logged, metric };
}

/** Credits a conversion with twice its value. */
const spoil = async (where: string): Promise<void> => {
  await engine.command(`INSERT INTO ${ATTRIBUTIONS_TABLE}
    SELECT * REPLACE (revision + 1 AS revision, attributed_at + 1 AS attributed_at,
      arrayMap(x -> x * 2, credit_value) AS credit_value)
    FROM ${ATTRIBUTIONS_TABLE} WHERE ${where}`);
};

test("of a sound warehouse finds nothing, in a sample of about the size that was asked for", async () => {
  await load("one", 400);
  await load("two", 5);
  const { audit, logged, metric } = auditor();
  const found = await audit.check();
  expect(found).toMatchObject({
    tenants: 2,
    differences: [],
    residueEvents: 0,
    residueCurrencies: [],
  });
  expect(found.compared).toBeGreaterThan(60);
  expect(found.compared).toBeLessThan(160);
  expect(logged()).toEqual([]);
  expect(await metric("self_audit_differences")).toBe("0");
  expect(await metric("self_audit_conversions_total")).toBe(String(found.compared));
  expect(Number(await metric("self_audit_finished_seconds"))).toBeGreaterThan(1_700_000_000);
});

test("finds a wrong result, missing events and missing money, again and again by itself", async () => {
  await load("one", 3);
  await spoil("conversion_id = 'c1'");
  accepted.set("one", 10);
  const { audit, logged, metric } = auditor();
  expect(await audit.check()).toMatchObject({
    compared: 3,
    differences: [{ conversion: "c1", userKey: "u1" }],
    residueEvents: 4,
    residueCurrencies: ["one: EUR -10"],
  });
  audit.start();
  await expect.poll(() => logged().length, { timeout: 10_000 }).toBeGreaterThan(1);
  await audit.stop();
  expect(logged()[0]).toMatch(/^error: the self-audit found results that the facts do not give/);
  expect(await metric("self_audit_differences")).toBe("1");
  expect(await metric("conservation_residue_events")).toBe("4");
  expect(await metric("conservation_residue_currencies")).toBe("1");
});

test("takes what is under way for no residue, and finds under load what is missing for good", async () => {
  await load("one", 3);
  let stored = accepted.get("one") ?? 0;
  waiting = true;
  // Each look at the books finds two events more.
  const readAccounting = async (tenant: string): Promise<Accounting> => {
    accepted.set(tenant, (accepted.get(tenant) ?? 0) + 2);
    return accountingOf(tenant);
  };
  const settle = async (): Promise<boolean> => {
    const from = stored;
    stored = accepted.get("one") ?? 0;
    const clicks = Array.from({ length: stored - from }, (_, i): TributaryEvent => {
      const id = `late${from + i}`;
      return { id, type: "click", time: T0 - 500, userId: "visitor", channel: "email" };
    });
    await loadTraffic(engine, [clicks], "one", T0 + from * 10_000);
    return true;
  };
  const { audit } = auditor({ readAccounting, settle });
  expect((await audit.check()).residueEvents).toBe(0);
  // Five were accepted, and never stored.
  accepted.set("one", (accepted.get("one") ?? 0) + 5);
  stored += 5;
  expect((await audit.check()).residueEvents).toBe(5);
});

test("is off where it is never to be, and counts its failures", async () => {
  const failing = { readAccounting: async () => Promise.reject(new Error("Redis is unavailable")) };
  const off = auditor(failing, { ...OPTIONS, intervalMs: 0 });
  off.audit.start();
  await off.audit.stop();
  expect(await off.metric("self_audit_failures_total")).toBe("0");
  await load("one", 1);
  const { audit, logged, metric } = auditor(failing);
  audit.start();
  await expect
    .poll(async () => Number(await metric("self_audit_failures_total")))
    .toBeGreaterThan(0);
  await audit.stop();
  expect(logged()[0]).toBe("warn: the self-audit failed; it is done again when it is due");
});
