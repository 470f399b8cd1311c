import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import type { TributaryEvent } from "@tributary/protocol";
import {
  ATTRIBUTIONS_TABLE,
  storeErasedCounts,
  EVENTS_TABLE,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { audit } from "../../src/catalog/audit.ts";
import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { receiptOf, T0 } from "../support/blocks.ts";
import { temporaryWarehouse } from "../support/parts.ts";
import { countedConversions, loadTraffic } from "../support/traffic.ts";

const DAY_MS = 86_400_000;
/** Traffic is loaded with a lateness of a year. */
const SETTINGS = { ...DEFAULT_REPORT_SETTINGS, latenessMs: 365 * DAY_MS };

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

const auditOf = async (tenant: string, settings = SETTINGS) =>
  audit(engine, { tenant, settings, maxDifferences: 5 });

const hour = fc.integer({ min: 0, max: 1000 }).map((hours) => T0 + hours * 3_600_000);
const fields = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom("impression", "click", "visit"),
      channel: fc.constantFrom("email", "direct", "paid_search"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("conversion"),
      value: fc.constantFrom("0.01", "99.99", "123456789012.123456789012"),
      currency: fc.constantFrom("EUR", "USD"),
      orderId: fc.constantFrom("o1", "o2"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("conversion") }) },
  {
    weight: 1,
    arbitrary: fc.record(
      {
        type: fc.constant("refund"),
        orderId: fc.constantFrom("o1", "o2"),
        value: fc.constantFrom("0.01", "50"),
        currency: fc.constantFrom("EUR", "USD"),
      },
      { requiredKeys: ["type", "orderId"] },
    ),
  },
);
const events = fc
  .array(fc.tuple(fields, hour, fc.constantFrom({ userId: "u1" }, { anonymousId: "u1" })), {
    minLength: 10,
    maxLength: 80,
  })
  .map((all) =>
    all.map(([what, time, who], i): TributaryEvent => {
      const { value, currency, ...rest } = what as Partial<TributaryEvent>;
      const money = value === undefined ? {} : { value, currency: currency ?? "EUR" };
      return { id: `e${(i * 37) % 101}`, time, ...who, ...rest, ...money } as TributaryEvent;
    }),
  );

test("what the workers credit is what the facts give, whatever comes in whatever order", async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(events, async (all) => {
      run += 1;
      const tenant = `law${run}`;
      await loadTraffic(engine, [all.slice(0, 20), all.slice(20, 50), all.slice(50)], tenant);
      const report = await auditOf(tenant);
      const conversions = countedConversions(all);
      expect(report).toMatchObject({ compared: conversions, agreed: conversions, different: 0 });
    }),
    { numRuns: runs(12) },
  );
});

test("an order of which two conversions count, or none, is a difference, whatever each is for itself", async () => {
  const sale = (id: string, orderId: string): TributaryEvent => ({ ...purchase, id, orderId });
  const events = [sale("c1", "o1"), sale("c2", "o1"), sale("c3", "o2"), sale("c4", "o3")];
  await loadTraffic(engine, [events], "orders");
  expect(await auditOf("orders")).toMatchObject({ compared: 3, agreed: 3, different: 0 });
  const set = async (id: string, reason: string): Promise<void> =>
    engine.command(
      `INSERT INTO ${ATTRIBUTIONS_TABLE} SELECT * REPLACE (revision + 1 AS revision, attributed_at + 1 AS attributed_at,
        '${reason}' AS reason${reason === "merge" ? ", toDecimal128(10, 12) AS value" : ""})
       FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = 'orders' AND conversion_id = '${id}'`,
    );
  await set("c2", "merge");
  await set("c3", "duplicate_order");
  const { differences } = await auditOf("orders");
  expect(differences.map(({ difference }) => difference)).toEqual(
    expect.arrayContaining([
      "of order o1 2 conversions count, not 1",
      "of order o2 0 conversions count, not 1",
    ]),
  );
});

const click = (id: string, daysBefore: number): TributaryEvent => ({
  id,
  type: "click",
  time: T0 - daysBefore * DAY_MS,
  userId: "ada",
  channel: "email",
});
const purchase: TributaryEvent = {
  id: "c",
  type: "conversion",
  time: T0,
  userId: "ada",
  value: "10",
  currency: "EUR",
};

const spoil = async (tenant: string, column: string, expression: string): Promise<void> => {
  // A later revision, as a damaged commit would leave it.
  await engine.command(
    `INSERT INTO ${ATTRIBUTIONS_TABLE} SELECT * REPLACE (revision + 1 AS revision,
      attributed_at + 1 AS attributed_at, ${expression} AS ${column})
     FROM ${ATTRIBUTIONS_TABLE} WHERE tenant = '${tenant}'`,
  );
};

test.each([
  ["a share", "credit_share", "arrayMap(x -> x / 2, credit_share)", /gives touchpoint/],
  ["money", "credit_value", "arrayMap(x -> x * 2, credit_value)", /gives touchpoint|credits/],
  ["a channel", "touch_channel", "arrayMap(x -> 'x', touch_channel)", /the channels are/],
  ["the path", "touch_id", "arrayReverse(touch_id)", /the path is/],
  ["the value", "value", "value + 1", /the value is/],
])("a result with %s that is wrong is noticed and described", async (what, column, sql, words) => {
  const tenant = `spoilt-${what.replaceAll(" ", "-")}`;
  await loadTraffic(engine, [[click("a", 2), click("b", 1), purchase]], tenant);
  expect(await auditOf(tenant)).toMatchObject({ compared: 1, agreed: 1, different: 0 });
  await spoil(tenant, column, sql);
  const report = await auditOf(tenant);
  expect(report).toMatchObject({ compared: 1, agreed: 0, different: 1 });
  expect(report.differences).toMatchObject([{ conversion: "c", userKey: "ada" }]);
  expect(report.differences[0]?.difference).toMatch(words);
});

test("a channel that the workers did not hold is no difference", async () => {
  await loadTraffic(engine, [[click("a", 2), click("b", 1), purchase]], "other-channel");
  await spoil("other-channel", "touch_channel", "['(other)', touch_channel[2]]");
  expect(await auditOf("other-channel")).toMatchObject({ agreed: 1, different: 0 });
});

test("a conversion without a result, and a result without its conversion, are differences", async () => {
  await loadTraffic(engine, [[click("a", 1), purchase]], "lost-result");
  await engine.command(`ALTER TABLE ${ATTRIBUTIONS_TABLE} DELETE WHERE tenant = 'lost-result'
    SETTINGS mutations_sync = 2`);
  expect((await auditOf("lost-result")).differences[0]?.difference).toMatch(/no result/);
  await loadTraffic(engine, [[click("a", 1), purchase]], "lost-fact");
  await engine.command(`ALTER TABLE ${EVENTS_TABLE} DELETE WHERE tenant = 'lost-fact'
    SETTINGS mutations_sync = 2`);
  expect((await auditOf("lost-fact")).differences[0]?.difference).toMatch(/no conversion/);
});

test("what came later than the allowed lateness is counted apart", async () => {
  const newest = { ...click("new", 0), time: T0 + 90 * DAY_MS, userId: "bob" };
  const batches = [[purchase], [newest], [click("late", 1)]];
  await loadTraffic(engine, batches, "late", T0 + 90 * DAY_MS);
  expect(await auditOf("late")).toMatchObject({ agreed: 1 });
  // With a shorter lateness the worker need not have credited the touchpoint: as if it had not.
  await spoil("late", "touch_id", "arrayMap(x -> 'x', touch_id)");
  const settings = { ...SETTINGS, latenessMs: DAY_MS };
  expect(await auditOf("late", settings)).toMatchObject({
    compared: 1,
    different: 0,
    notComparable: { late: 1 },
  });
  expect(await auditOf("late")).toMatchObject({ different: 1 });
});

test("an event of a clock that is ahead makes nothing late", async () => {
  const ahead = { ...click("ahead", 0), time: T0 + 90 * DAY_MS, userId: "bob" };
  await loadTraffic(engine, [[purchase], [ahead], [click("in time", 1)]], "ahead");
  await spoil("ahead", "touch_id", "arrayMap(x -> 'x', touch_id)");
  const settings = { ...SETTINGS, latenessMs: DAY_MS };
  expect(await auditOf("ahead", settings)).toMatchObject({
    compared: 1,
    different: 1,
    notComparable: { late: 0 },
  });
});

test("what somebody did who was erased since tells what was late as well", async () => {
  await loadTraffic(engine, [[purchase], [click("late", 1)]], "erased");
  await spoil("erased", "touch_id", "arrayMap(x -> 'x', touch_id)");
  const settings = { ...SETTINGS, latenessMs: DAY_MS };
  expect(await auditOf("erased", settings)).toMatchObject({ different: 1 });
  const [fact] = await engine.query<{ partition: number }>(
    "SELECT DISTINCT partition FROM tributary.events WHERE tenant = 'erased'",
  );
  const counts = { events: 1, conversions: 0, touchpoints: 1, newestAt: T0 + 90 * DAY_MS };
  await storeErasedCounts(engine, [
    {
      tenant: "erased",
      receipt: receiptOf(1),
      partition: fact?.partition ?? -1,
      position: "1-0",
      ordinal: 0,
      ...counts,
    },
  ]);
  expect(await auditOf("erased", settings)).toMatchObject({
    different: 0,
    notComparable: { late: 1 },
  });
});

test("of many differences the first are described, and all counted", async () => {
  const many = Array.from({ length: 9 }, (_, i) => ({ ...purchase, id: `c${i}` }));
  await loadTraffic(engine, [[click("a", 1), ...many]], "many");
  await spoil("many", "value", "value + 1");
  const report = await auditOf("many");
  expect(report).toMatchObject({ compared: 9, different: 9 });
  expect(report.differences).toHaveLength(5);
});
