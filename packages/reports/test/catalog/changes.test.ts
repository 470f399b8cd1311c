import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { randomUUID } from "node:crypto";
import type { TributaryEvent } from "@tributary/protocol";
import {
  storeCompletedErasures,
  storeErasedCounts,
  type WarehouseEngine,
} from "@tributary/warehouse";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { CATALOG } from "../../src/catalog/catalog.ts";
import { answerReport } from "../../src/catalog/report.ts";
import { click, purchase, receiptOf, T0 } from "../support/blocks.ts";
import { temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

interface Line {
  readonly channel: string;
  readonly currency: string;
  readonly line: string;
  readonly conversions: string;
  readonly value: string;
}
interface Answer {
  readonly rows: readonly Line[];
  readonly totals: Readonly<Record<string, unknown>>;
}

const ask = async (tenant: string, parameters: Record<string, string>): Promise<Answer> => {
  const report = CATALOG.changes;
  const context = { engine, tenant, settings: DEFAULT_REPORT_SETTINGS, now: T0 + 1e9 };
  const answer = await answerReport(report, context, parameters);
  const read: unknown = report.answer.parse(answer);
  return read as Answer;
};

const refund = (id: string, of: string, more: Partial<TributaryEvent> = {}): TributaryEvent => ({
  id,
  type: "refund",
  time: T0 + 10,
  userId: "u1",
  orderId: `order-${of}`,
  ...more,
});

test("a statement of each group: before, each cause, after", async () => {
  const batches = [
    [click("t1"), purchase("a", { value: "90" }), purchase("b", { value: "7", userId: "u2" })],
    [click("t2", { channel: "paid_search" })],
    [refund("r1", "a", { value: "30", currency: "EUR" })],
    [click("t3", { userId: "u3" }), purchase("c", { value: "5", userId: "u3" })],
    [refund("r2", "a")],
  ];
  await loadTraffic(engine, batches, "shop");
  const parameters = { since: String(T0 + 500), asOf: String(T0 + 3500), by: "channel" };
  const { rows, totals } = await ask("shop", parameters);
  expect(
    rows.map(({ channel, line, conversions, value }) => [channel, line, conversions, value]),
  ).toEqual([
    ["email", "before", "1", "90"],
    ["email", "first", "1", "5"],
    ["email", "late_touchpoint", "-0.5", "-45"],
    ["email", "refund", "0", "-15"],
    ["email", "after", "1.5", "35"],
    ["paid_search", "before", "0", "0"],
    ["paid_search", "late_touchpoint", "0.5", "45"],
    ["paid_search", "refund", "0", "-15"],
    ["paid_search", "after", "0.5", "30"],
    ["unattributed", "before", "1", "7"],
    ["unattributed", "after", "1", "7"],
  ]);
  expect(totals).toEqual({
    changed: 2,
    groups: 3,
    erasedConversions: 0,
    residueConversions: "0",
    residueValue: "0",
  });
});

test("conversions of people whose erasure was done between the times are counted", async () => {
  const place = { partition: 0, position: "1-0", ordinal: 0 };
  for (const [i, doneAt] of [T0 + 500, T0 + 501, T0 + 3500, T0 + 3501].entries()) {
    const erasure = { tenant: "erased", receipt: receiptOf(i) };
    const conversions = 10 ** i;
    await storeErasedCounts(engine, [
      { ...erasure, ...place, events: 9999, conversions, touchpoints: 0, newestAt: T0 },
    ]);
    await storeCompletedErasures(engine, [erasure], doneAt);
  }
  const { totals } = await ask("erased", { since: String(T0 + 500), asOf: String(T0 + 3500) });
  expect(totals).toMatchObject({ erasedConversions: 110, groups: 0 });
});

test.each([
  [{}, { code: "parameter_missing", field: "since" }],
  [
    { since: String(T0 + 5), asOf: String(T0 + 5) },
    { code: "range_empty", field: "since" },
  ],
  [{ since: "2999-01-01" }, { code: "time_in_future", field: "since" }],
  [
    { since: String(T0), model: "best" },
    { code: "model_unknown", field: "model" },
  ],
  [
    { since: String(T0), by: "day" },
    { code: "dimension_unknown", field: "by" },
  ],
])("%j is refused", async (parameters, error) => {
  await expect(ask("shop", parameters)).rejects.toMatchObject({
    code: error.code,
    details: { field: error.field },
  });
});

const step = fc.record({
  type: fc.constantFrom("click", "click", "conversion", "refund"),
  user: fc.integer({ min: 0, max: 1 }),
  order: fc.integer({ min: 0, max: 2 }),
  time: fc.integer({ min: -5, max: 5 }),
  value: fc.integer({ min: 0, max: 999 }),
  channel: fc.constantFrom("email", "paid_search", "direct"),
});

test("whatever came and between whichever times, before and the causes sum to after", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(step, { maxLength: 4 }), { minLength: 2, maxLength: 6 }),
      fc.tuple(fc.nat(6), fc.nat(6)),
      fc.constantFrom("linear", "last_non_direct", "time_decay"),
      async (batches, [one, other], model) => {
        const tenant = randomUUID();
        const events = batches.map((batch, i) =>
          batch.map(({ type, user, order, time, value, channel }, j): TributaryEvent => {
            const id = `${i}-${j}`;
            const who = { userId: `u${user}`, time: T0 + time * 60_000 };
            if (type === "click") return click(id, { ...who, channel });
            const money = { value: `${value}.3`, currency: "EUR", orderId: `order-${order}` };
            return type === "refund"
              ? refund(id, "", { ...who, ...money })
              : purchase(id, { ...who, ...money });
          }),
        );
        await loadTraffic(engine, events, tenant);
        const since = String(T0 + Math.min(one, other) * 1000 - 1);
        const asOf = String(T0 + Math.max(one, other) * 1000);
        const { totals } = await ask(tenant, { since, asOf, model });
        expect(totals).toMatchObject({ residueConversions: "0", residueValue: "0" });
      },
    ),
    { numRuns: runs(25) },
  );
});
