import { afterAll, beforeAll, expect, test } from "vitest";
import { MODEL_NAMES } from "@tributary/attribution";
import {
  REASON_DUPLICATE,
  REASON_DUPLICATE_ORDER,
  REASON_MERGE,
  type TributaryEvent,
} from "@tributary/protocol";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { touchDimensions } from "../../src/query/attribution-sql.ts";
import { findConversions } from "../../src/query/conversion-lookup.ts";
import { exportPages } from "../../src/query/export-rows.ts";
import { attributionReport, type AttributionQuestion } from "../../src/query/report-queries.ts";
import { resultChanges } from "../../src/query/result-changes.ts";
import { click, purchase, type Result, resultBlock, T0 } from "../support/blocks.ts";
import { loadResults, temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

const search = (id: string, time: number) =>
  click(id, time, { source: "google", campaign: "spring" });
const email = (id: string, time: number) => click(id, time, { channel: "email" });

/** When the blocks were committed: the times of their entry IDs. */
const FIRST_MS = 1_700_000_000_100;
const REFUNDED_MS = 1_700_000_000_200;
const LATE_MS = 1_700_000_000_300;

/**
 * c1: two touches, 100 EUR, refunded to 90. c2: without touches, 5 EUR. c3: three touches, 1 USD. c4: a lead.
 * Another tenant has one of its own.
 */
beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
  const eur = { currency: "EUR" };
  const c1 = purchase("c1", T0, { ...eur, orderId: "o-1" });
  const path = [search("t1", T0 - 2000), email("t2", T0 - 1000)];
  await loadResults(
    engine,
    resultBlock([
      { conversion: c1, touches: path.slice(1), value: "100", revision: 0 },
      { conversion: c1, touches: path, value: "100", revision: 1, reason: 1 },
      { conversion: purchase("c2", T0 + 1000, eur), touches: [], value: "5" },
      {
        conversion: purchase("c3", T0 + 2000, { currency: "USD", orderId: "o-1" }),
        touches: [search("t3", T0), email("t4", T0 + 1), search("t5", T0 + 2)],
        value: "1",
      },
      { conversion: purchase("c4", T0 + 3000), touches: [email("t6", T0)], value: "" },
    ]),
    `${FIRST_MS}-0`,
  );
  // A later block holds the valid revision; an earlier revision comes again after it.
  await loadResults(
    engine,
    resultBlock([{ conversion: c1, touches: path, value: "90", revision: 2, reason: 2 }]),
    `${REFUNDED_MS}-0`,
  );
  await loadResults(
    engine,
    resultBlock([{ conversion: c1, touches: path.slice(1), value: "100", revision: 0 }]),
    `${FIRST_MS}-0`,
  );
  const other = { conversion: purchase("c1", T0, eur), touches: [email("t", T0)], value: "7" };
  await loadResults(engine, resultBlock([other], "other"));
});
afterAll(() => remove());

const answer = (more: Partial<AttributionQuestion>) =>
  attributionReport(engine, { tenant: "default", models: ["linear"], by: ["channel"], ...more });
const findConversion = async (...asked: Parameters<typeof findConversions>) => {
  const [found, ...others] = await findConversions(...asked);
  expect(others).toEqual([]);
  return found;
};
const ask = async (more: Partial<AttributionQuestion>) => (await answer(more)).report;

test("by one dimension, over the latest revisions only", async () => {
  expect(await ask({})).toEqual({
    rows: [
      { model: "linear", channel: "email", conversions: 0.5, value: "45", currency: "EUR" },
      { model: "linear", channel: "paid_search", conversions: 0.5, value: "45", currency: "EUR" },
      {
        model: "linear",
        channel: "unattributed",
        unattributed: true,
        conversions: 1,
        value: "5",
        currency: "EUR",
      },
      {
        model: "linear",
        channel: "paid_search",
        conversions: 0.666666666667,
        value: "0.666666666667",
        currency: "USD",
      },
      {
        model: "linear",
        channel: "email",
        conversions: 0.333333333333,
        value: "0.333333333333",
        currency: "USD",
      },
      { model: "linear", channel: "email", conversions: 1, value: "0", currency: "" },
    ],
    totals: {
      conversions: 4,
      attributed: 3,
      unattributed: 1,
      value: [
        { currency: "EUR", value: "95" },
        { currency: "USD", value: "1" },
      ],
    },
  });
});

test("by two dimensions; touches without one and conversions without touches are two rows", async () => {
  const { rows } = await ask({ models: ["last_touch"], by: ["campaign", "source"] });
  const none = { model: "last_touch", campaign: "(none)", source: "(none)" };
  expect(rows).toEqual([
    { ...none, conversions: 1, value: "90", currency: "EUR" },
    {
      ...none,
      campaign: "(unattributed)",
      source: "(unattributed)",
      unattributed: true,
      conversions: 1,
      value: "5",
      currency: "EUR",
    },
    {
      model: "last_touch",
      campaign: "spring",
      source: "google",
      conversions: 1,
      value: "1",
      currency: "USD",
    },
    { ...none, conversions: 1, value: "0", currency: "" },
  ]);
});

test("models come in the order asked for, and each closes on the totals", async () => {
  const models = MODEL_NAMES.toReversed();
  const { rows, totals } = await ask({ models });
  expect([...new Set(rows.map((row) => row.model))]).toEqual(models);
  for (const model of models) {
    const own = rows.filter((row) => row.model === model);
    expect(own.reduce((sum, row) => sum + row.conversions, 0)).toBeCloseTo(totals.conversions, 9);
    const euros = own.filter((row) => row.currency === "EUR");
    expect(euros.reduce((sum, row) => sum + Number(row.value), 0)).toBeCloseTo(95, 9);
  }
});

test.for([
  [{ from: T0 }, 4],
  [{ from: T0 + 1 }, 3],
  [{ to: T0 }, 0],
  [{ to: T0 + 1 }, 1],
  [{ from: T0 + 1000, to: T0 + 3000 }, 2],
  [{ from: T0 + 5000 }, 0],
] as const)("%o holds %i conversions: from is inclusive, to exclusive", async ([range, count]) => {
  const { totals } = await ask(range);
  expect(totals.conversions).toBe(count);
});

test("as of a time: the revisions that were valid then, and no conversion that came later", async () => {
  expect(await ask({ asOf: FIRST_MS - 1 })).toEqual({
    asOf: FIRST_MS - 1,
    rows: [],
    totals: { conversions: 0, attributed: 0, unattributed: 0, value: [] },
  });
  const euros = async (asOf: number) =>
    (await ask({ asOf, to: T0 + 1 })).totals.value.map(({ value }) => value);
  expect(await euros(FIRST_MS)).toEqual(["100"]);
  expect(await euros(REFUNDED_MS - 1)).toEqual(["100"]);
  expect(await euros(REFUNDED_MS)).toEqual(["90"]);
  const { asOf, ...latest } = await ask({ asOf: REFUNDED_MS });
  expect(asOf).toBe(REFUNDED_MS);
  expect(await ask({})).toEqual(latest);
});

test("as of a time, a later conversion and the totals without a touchpoint", async () => {
  const tenant = "growing";
  const late = purchase("late", T0, { currency: "EUR", orderId: "o-9" });
  const load = async (touches: TributaryEvent[], value: string, revision: number, ms: number) =>
    loadResults(
      engine,
      resultBlock([{ conversion: late, touches, value, revision }], tenant),
      `${ms}-0`,
    );
  await load([], "4", 0, REFUNDED_MS);
  await load([email("t", T0)], "4", 1, LATE_MS);
  const totals = async (asOf: number) => {
    const report = await ask({ tenant, asOf });
    return [report.totals.attributed, report.totals.unattributed];
  };
  expect(await totals(REFUNDED_MS - 1)).toEqual([0, 0]);
  expect(await totals(REFUNDED_MS)).toEqual([0, 1]);
  expect(await totals(LATE_MS)).toEqual([1, 0]);
  // The block comes again, as after a crash of the loader: what was known when does not move.
  await load([], "4", 0, REFUNDED_MS);
  expect(await totals(REFUNDED_MS)).toEqual([0, 1]);
  expect(await totals(LATE_MS)).toEqual([1, 0]);

  expect(await findConversion(engine, tenant, "late", REFUNDED_MS - 1)).toBeUndefined();
  expect(await findConversion(engine, tenant, "o-9", REFUNDED_MS - 1)).toBeUndefined();
  const then = await findConversion(engine, tenant, "o-9", LATE_MS - 1);
  expect(then).toMatchObject({ asOf: LATE_MS - 1, revision: 0, touchpoints: [] });
  // All revisions are listed, so that one sees what came of it.
  expect(
    then?.revisions.map(({ revision, touches, attributedAt }) => [revision, touches, attributedAt]),
  ).toEqual([
    [0, 0, REFUNDED_MS],
    [1, 1, LATE_MS],
  ]);
});

test("a tenant that has nothing gets an empty report", async () => {
  expect(await ask({ tenant: "' OR 1=1 --" })).toEqual({
    rows: [],
    totals: { conversions: 0, attributed: 0, unattributed: 0, value: [] },
  });
});

test("a conversion is found by its ID with its history; older revisions stay readable", async () => {
  const detail = await findConversion(engine, "default", "c1");
  expect(detail).toMatchObject({
    id: "c1",
    orderId: "o-1",
    time: T0,
    userKey: "u1",
    anonymous: false,
    value: "90",
    currency: "EUR",
    revision: 2,
    reason: "refund",
    attributedAt: REFUNDED_MS,
  });
  expect(
    detail?.touchpoints.map(({ index, id, channel, time }) => [index, id, channel, time]),
  ).toEqual([
    [1, "t1", "paid_search", T0 - 2000],
    [2, "t2", "email", T0 - 1000],
  ]);
  expect(detail?.credits.filter(({ model }) => model === "linear")).toEqual([
    { model: "linear", touch: 1, credit: "0.5", value: "45" },
    { model: "linear", touch: 2, credit: "0.5", value: "45" },
  ]);
  expect(detail?.revisions.map(({ revision, reason, value }) => [revision, reason, value])).toEqual(
    [
      [0, "first", "100"],
      [1, "late_touchpoint", "100"],
      [2, "refund", "90"],
    ],
  );
});

test("of an order's conversions the last is found; another tenant's are not", async () => {
  expect(await findConversion(engine, "default", "o-1")).toMatchObject({ id: "c3" });
  expect(await findConversion(engine, "other", "o-1")).toBeUndefined();
  expect(await findConversion(engine, "other", "c1")).toMatchObject({ value: "7" });
  expect(await findConversion(engine, "default", "")).toBeUndefined();
});

test("a revision that a failed Redis node took with it does not hide the one computed in its place", async () => {
  const conversion = purchase("c9", T0, { currency: "EUR" });
  const path = [search("t8", T0 - 2000), email("t9", T0 - 1000)];
  const of = (tenant: string, revision: number, touches: typeof path) =>
    resultBlock(
      [{ conversion, touches, value: "8", revision, reason: revision > 0 ? 1 : 0 }],
      tenant,
    );
  // Loaded, then lost: a touchpoint a commit. Then both touchpoints in one commit, on the node that took over.
  await loadResults(engine, of("late", 0, []), "1700000000100-0");
  await loadResults(engine, of("late", 1, path.slice(1)), "1700000000200-0");
  await loadResults(engine, of("late", 2, path.slice(1)), "1700000000300-0");
  await loadResults(engine, of("late", 1, path), "1700000004000-0");
  // The conversion itself was among what was lost.
  await loadResults(engine, of("whole", 0, []), "1700000000100-0");
  await loadResults(engine, of("whole", 1, path.slice(1)), "1700000000200-0");
  await loadResults(engine, of("whole", 0, path), "1700000004000-0");

  for (const [tenant, revision] of [
    ["late", 1],
    ["whole", 0],
  ] as const) {
    const report = await ask({ tenant });
    expect(report.totals).toMatchObject({ conversions: 1, attributed: 1 });
    expect(new Map(report.rows.map((row) => [row.channel, row.value]))).toEqual(
      new Map([
        ["email", "4"],
        ["paid_search", "4"],
      ]),
    );
    const detail = await findConversion(engine, tenant, "c9");
    expect(detail).toMatchObject({ revision, touchpoints: [{ id: "t8" }, { id: "t9" }] });
    expect(detail?.revisions.map((one) => one.revision)).toEqual(
      Array.from({ length: revision + 1 }, (_, i) => i),
    );
  }
});

test("the conversions' paths come with the report, by one dimension or two, and hold the same conversions", async () => {
  const { report, paths } = await answer({ withPaths: true });
  expect(report).toEqual(await ask({}));
  const ordered = paths.toSorted((a, b) => (a.value < b.value ? 1 : -1));
  expect(ordered).toEqual([
    {
      dimensions: [],
      path: ["paid_search", "email"],
      currency: "EUR",
      conversions: 1,
      value: 90_000_000_000_000n,
    },
    { dimensions: [], path: [], currency: "EUR", conversions: 1, value: 5_000_000_000_000n },
    {
      dimensions: [],
      path: ["paid_search", "email", "paid_search"],
      currency: "USD",
      conversions: 1,
      value: 1_000_000_000_000n,
    },
    { dimensions: [], path: ["email"], currency: "", conversions: 1, value: 0n },
  ]);
  const two = await answer({ withPaths: true, by: ["source", "campaign"] });
  const longest = two.paths.find(({ currency }) => currency === "USD")?.path ?? [];
  expect(longest.map((touch) => touchDimensions(touch, 2))).toEqual([
    ["google", "spring"],
    ["", ""],
    ["google", "spring"],
  ]);
  expect((await answer({})).paths).toEqual([]);
});

test("by what conversions are told apart by, alone and with a touchpoint's dimension", async () => {
  const { rows } = await ask({ by: ["channel", "day"], timeZone: "Pacific/Auckland" });
  expect(rows[0]).toEqual({
    model: "linear",
    channel: "email",
    day: "2023-11-15",
    conversions: 0.5,
    value: "45",
    currency: "EUR",
  });
  const euros = async (by: AttributionQuestion["by"]) =>
    (await ask({ by })).rows.filter(({ currency }) => currency === "EUR");
  const all = { model: "linear", conversions: 2, value: "95", currency: "EUR" };
  // T0 is the evening of 14 November 2023, a Tuesday, in UTC.
  expect(await euros(["day"])).toEqual([{ ...all, day: "2023-11-14" }]);
  expect(await euros(["week"])).toEqual([{ ...all, week: "2023-11-13" }]);
  expect(await euros(["month"])).toEqual([{ ...all, month: "2023-11" }]);
  expect(await euros(["currency"])).toEqual([all]);
  expect(await euros(["conversion", "month"])).toEqual([
    { ...all, conversion: "purchase", month: "2023-11" },
  ]);
  const { paths } = await answer({ withPaths: true, by: ["day"] });
  const lengths = paths.map(({ path, dimensions }) => [path.length, dimensions] as const);
  expect(lengths.toSorted(([a], [b]) => a - b)).toEqual([
    [0, ["2023-11-14"]],
    [1, ["2023-11-14"]],
    [2, ["2023-11-14"]],
    [3, ["2023-11-14"]],
  ]);
});

test("one event ID under two user keys is two conversions, until one of them is a duplicate", async () => {
  const tenant = "same-id";
  const anonymous = { anonymousId: "a1", generation: 5 };
  const of = (userId: string, at: number) => purchase("same", T0 + at, { userId, currency: "EUR" });
  const load = async (ms: number, ...results: Result[]) =>
    loadResults(engine, resultBlock(results, tenant), `${ms}-0`);
  await load(
    FIRST_MS,
    { conversion: of("u1", 0), touches: [email("t", T0)], value: "10" },
    { conversion: of("u2", 1), touches: [], value: "7" },
    { conversion: of("u1", 2), touches: [], value: "10", ...anonymous },
  );
  const totals = async (asOf?: number) =>
    (await ask({ tenant, ...(asOf === undefined ? {} : { asOf }) })).totals;
  expect(await totals()).toMatchObject({ conversions: 3, value: [{ value: "27" }] });
  // One that is loaded again changes nothing.
  await load(FIRST_MS, { conversion: of("u2", 1), touches: [], value: "7" });
  expect(await totals()).toMatchObject({ conversions: 3 });

  const duplicate = { revision: 1, reason: REASON_DUPLICATE, value: "", touches: [] };
  await load(REFUNDED_MS, { conversion: of("u1", 2), ...duplicate, ...anonymous });
  expect(await totals()).toMatchObject({ conversions: 2, value: [{ value: "17" }] });
  expect(await totals(FIRST_MS)).toMatchObject({ conversions: 3 });
  const found = await findConversions(engine, tenant, "same");
  expect(
    found.map(({ sentUserKey, sentAnonymous, value, reason }) => [
      sentUserKey,
      sentAnonymous,
      value,
      reason,
    ]),
  ).toEqual([
    ["u1", false, "10", "first"],
    ["u2", false, "7", "first"],
    ["a1", true, "0", "duplicate"],
  ]);
  expect(found[2]).toMatchObject({ userKey: "u1", credits: [], revisions: [{}, {}] });

  const range = { tenant, since: FIRST_MS, until: LATE_MS };
  const changes = await resultChanges(engine, { ...range, model: "linear", by: ["channel"] });
  expect(changes.map(({ cause, value }) => [cause, value])).toEqual([
    ["duplicate", -10_000_000_000_000n],
  ]);
  for (const [name, rows] of [
    ["conversions", 2],
    ["credits", 2 * MODEL_NAMES.length],
  ] as const) {
    const exported: unknown[] = [];
    for await (const page of exportPages(engine, name, { tenant, asOf: Date.now() })) {
      exported.push(...page);
    }
    expect(exported).toHaveLength(rows);
  }

  // The link is taken back: it is a conversion of its own again.
  const { userId: _, ...alone } = { ...of("", 2), anonymousId: "a1" };
  const back = { revision: 2, reason: REASON_MERGE, generation: 6 };
  await load(LATE_MS, { conversion: alone, touches: [], value: "10", ...back });
  expect(await totals()).toMatchObject({ conversions: 3, value: [{ value: "27" }] });
});

test("a conversion that repeats an order does not count, and its order finds the one that does", async () => {
  const tenant = "orders";
  const load = async (ms: number, ...results: Result[]): Promise<void> =>
    loadResults(engine, resultBlock(results, tenant), `${ms}-0`);
  const order = (id: string, userId: string, at: number, name = "purchase"): TributaryEvent =>
    purchase(id, T0 + at, { userId, name, currency: "EUR", orderId: "o-1" });
  const repeats = { revision: 1, reason: REASON_DUPLICATE_ORDER, value: "", touches: [] };
  await load(
    FIRST_MS,
    { conversion: order("first", "u1", 0), touches: [], value: "10" },
    { conversion: order("later", "u2", 5), touches: [], value: "10" },
    { conversion: order("lead", "u2", 1, "lead"), touches: [], value: "1" },
  );
  const totals = async (asOf?: number) =>
    (await ask({ tenant, ...(asOf === undefined ? {} : { asOf }) })).totals;
  expect(await totals()).toMatchObject({ conversions: 3 });
  await load(LATE_MS, { conversion: order("later", "u2", 5), ...repeats });
  expect(await totals()).toMatchObject({ conversions: 2, value: [{ value: "11" }] });
  expect(await totals(FIRST_MS)).toMatchObject({ conversions: 3 });

  const [later] = await findConversions(engine, tenant, "later");
  expect(later).toMatchObject({
    reason: "duplicate_order",
    countedInstead: { id: "first", sentUserKey: "u1", sentAnonymous: false },
  });
  // By the order ID comes one that counts, though the other one is of later.
  expect((await findConversions(engine, tenant, "o-1")).map(({ id }) => id)).toEqual(["lead"]);
  const [before] = await findConversions(engine, tenant, "later", FIRST_MS);
  expect(before).toMatchObject({ reason: "first" });
  expect(before).not.toHaveProperty("countedInstead");
});
