import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { origin, sessionTime } from "../../../../test/support/origins.ts";
import { runs } from "../../../../test/support/property-runs.ts";
import type { TributaryEvent } from "@tributary/protocol";
import {
  ATTRIBUTIONS_TABLE,
  FactRows,
  storeErasedCounts,
  type WarehouseEngine,
} from "@tributary/warehouse";
import { conserve, type Accounting } from "../../src/catalog/conservation.ts";
import { DEFAULT_REPORT_SETTINGS } from "../../src/question/settings.ts";
import { erasedBlock, receiptOf, T0 } from "../support/blocks.ts";
import { temporaryWarehouse } from "../support/parts.ts";
import { loadTraffic } from "../support/traffic.ts";

const DAY_MS = 86_400_000;

let engine: WarehouseEngine;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());

const event = (id: string, userId: string, more: Partial<TributaryEvent>): TributaryEvent => ({
  id,
  userId,
  time: T0,
  type: "click",
  channel: "email",
  ...more,
});

/** Two users who buy, one who does not, and one of each other class. */
const EVENTS: readonly TributaryEvent[] = [
  event("seen", "ada", { type: "impression", time: T0 - DAY_MS }),
  event("seen-long-ago", "ada", { type: "impression", time: T0 - DAY_MS - 1 }),
  event("clicked", "ada", { time: T0 - 30 * DAY_MS }),
  event("clicked-long-ago", "ada", { time: T0 - 30 * DAY_MS - 1 }),
  event("too-late", "ada", { time: T0 + 1 }),
  event("bought", "ada", { type: "conversion", value: "100.10", currency: "EUR", orderId: "o1" }),
  event("and-dollars", "ada", { type: "conversion", value: "5", currency: "USD" }),
  event("back", "ada", { type: "refund", value: "0.1", currency: "EUR", orderId: "o1" }),
  event("visited", "bob", { type: "visit" }),
  event("straight", "eve", { type: "conversion", value: "7", currency: "EUR", orderId: "o2" }),
  event("all-back", "eve", { type: "refund", orderId: "o2" }),
  event("free", "eve", { type: "conversion" }),
  event("who", "eve", { type: "identify" }),
  event("what", "eve", { type: "custom", name: "scrolled" }),
];
const MINUTE_MS = 60_000;
/** Of a user whose first purchase has a visit on its path that goes on with another for the second one. */
const VISITS: readonly TributaryEvent[] = [
  event("came", "zoe", { type: "visit", time: T0 - 30 * DAY_MS }),
  event("first", "zoe", { type: "conversion", time: T0 - DAY_MS }),
  event("went-on", "zoe", { type: "visit", time: T0 - 30 * DAY_MS + MINUTE_MS }),
  event("later-the-first", "zoe", { type: "conversion", time: T0 + MINUTE_MS }),
  event("went-on-twice", "zoe", { type: "visit", time: T0 - 30 * DAY_MS + 2 * MINUTE_MS }),
];

const books = (processed: number, more: Partial<Accounting["accounts"]> = {}): Accounting => ({
  waiting: false,
  accounts: {
    accepted: processed,
    duplicate: 0,
    processed,
    deadLettered: 0,
    dropped: {},
    ...more,
  },
});

const of = async (tenant: string, ...accounting: Accounting[]) => {
  const answers = [...accounting];
  return conserve(engine, tenant, DEFAULT_REPORT_SETTINGS, async () => {
    const next = answers.length > 1 ? answers.shift() : answers[0];
    return next ?? books(0);
  });
};

test("every event is in one class, every amount in one place, and nothing is left", async () => {
  await loadTraffic(engine, [EVENTS.slice(0, 6), EVENTS.slice(6)], "shop");
  const accounts = {
    accepted: EVENTS.length + 6,
    duplicate: 3,
    deadLettered: 2,
    dropped: { facts_per_user: 1 },
  };
  const found = await of("shop", books(EVENTS.length, accounts));
  expect(found).toEqual({
    complete: true,
    events: {
      accepted: 20,
      duplicates: 3,
      duplicateOrders: 0,
      deadLettered: 2,
      dropped: { facts_per_user: 1 },
      touchpointsCredited: 2,
      touchpointsWithoutConversion: 1,
      touchpointsOutsideWindows: 3,
      visitsThatWentOn: 0,
      conversionsAttributed: 2,
      conversionsUnattributed: 2,
      refunds: 2,
      identifies: 1,
      custom: 1,
      erased: 0,
      residue: 0,
    },
    money: [
      {
        currency: "EUR",
        accepted: "107.1",
        credited: "100",
        unattributed: "0",
        refunded: "7.1",
        residue: "0",
      },
      {
        currency: "USD",
        accepted: "5",
        credited: "5",
        unattributed: "0",
        refunded: "0",
        residue: "0",
      },
    ],
  });
});

test("conversions that repeat an order are in a class of their own, and refunds count whoever sends them", async () => {
  const sale = { type: "conversion", value: "20", currency: "EUR", orderId: "o1" } as const;
  const part = { type: "refund", value: "4.5", currency: "EUR", orderId: "o1" } as const;
  const events = [
    event("page", "eve", { ...sale, orderId: "o2" }),
    event("first", "ada", sale),
    event("again", "ada", { ...sale, time: T0 + 1 }),
    event("by-server", "bob", { ...sale, time: T0 + 2 }),
    event("lead", "bob", { ...sale, name: "lead" }),
    event("back", "office", part),
    // The same refund, which the shop's server sent as well.
    event("back", "server", part),
  ];
  await loadTraffic(engine, [events], "orders");
  const found = await of("orders", books(events.length));
  expect(found.events).toMatchObject({
    duplicates: 0,
    duplicateOrders: 2,
    conversionsUnattributed: 3,
    refunds: 2,
    residue: 0,
  });
  expect(found.money).toEqual([
    {
      currency: "EUR",
      accepted: "60",
      credited: "0",
      unattributed: "51",
      refunded: "9",
      residue: "0",
    },
  ]);
});

test("visits that go on with another for every conversion are a class of their own", async () => {
  await loadTraffic(engine, [VISITS], "visits");
  const { events } = await of("visits", books(VISITS.length));
  expect(events).toMatchObject({ touchpointsCredited: 2, visitsThatWentOn: 1, residue: 0 });
});

test("whatever goes on with what, nothing is left", async () => {
  const at = sessionTime(T0);
  const touch = fc
    .tuple(fc.constantFrom("impression" as const, "click" as const, "visit" as const), origin)
    .map(([type, from]) => ({ type, ...from }));
  const purchase = fc.constant({ type: "conversion" as const });
  let tenants = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.tuple(
          fc.oneof({ weight: 4, arbitrary: touch }, { weight: 1, arbitrary: purchase }),
          fc.oneof(
            at,
            at.map((ms) => ms - 30 * DAY_MS),
          ),
        ),
        { maxLength: 25 },
      ),
      async (all) => {
        tenants += 1;
        const events = all.map(([fields, time], i) => ({
          ...event(`e${i}`, `u${i % 2}`, fields as Partial<TributaryEvent>),
          time,
        }));
        await loadTraffic(engine, [events], `any${tenants}`);
        const found = await of(`any${tenants}`, books(events.length));
        expect(found.events.residue).toBe(0);
      },
    ),
    { numRuns: runs(12), interruptAfterTimeLimit: 20_000, markInterruptAsFailure: true },
  );
});

test("what is missing, or there twice, is left over", async () => {
  await loadTraffic(engine, [EVENTS], "lossy");
  expect((await of("lossy", books(EVENTS.length + 1))).events.residue).toBe(1);
  await engine.command(
    `ALTER TABLE ${ATTRIBUTIONS_TABLE} DELETE WHERE tenant = 'lossy' AND conversion_id = 'bought'
     SETTINGS mutations_sync = 2`,
  );
  const found = await of("lossy", books(EVENTS.length));
  expect(found.events.residue).toBe(1);
  expect(found.money[0]).toMatchObject({ currency: "EUR", residue: "100" });
});

test("events of people who were erased are in a class of their own; while some go, nothing is complete", async () => {
  const erasure = { tenant: "erasing", receipt: receiptOf(1) };
  await storeErasedCounts(engine, [
    {
      ...erasure,
      partition: 0,
      position: "1-0",
      ordinal: 0,
      events: 4,
      conversions: 1,
      touchpoints: 2,
      newestAt: T0,
    },
  ]);
  expect(await of("erasing", books(4))).toMatchObject({
    complete: true,
    events: { accepted: 4, erased: 4, residue: 0 },
  });
  const facts = new FactRows(1);
  facts.add(erasedBlock("ada", 2, "erasing"), 0, "2-0", "1-0");
  const { table, columns, bytes } = facts.finishErasing();
  await engine.insertRowBinary(table, columns, bytes);
  expect(await of("erasing", books(4))).toMatchObject({ complete: false });
});

test("a count made while events come does not call itself complete", async () => {
  expect(await of("none", books(1), books(2))).toMatchObject({ complete: false });
  expect(await of("none", { ...books(0), waiting: true }, books(0))).toMatchObject({
    complete: false,
  });
  expect(await of("none", books(0))).toMatchObject({ complete: true, money: [] });
});
