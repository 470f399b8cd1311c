import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import fc from "fast-check";
import type { TributaryEvent } from "@tributary/protocol";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { WarehouseError } from "../../src/errors.ts";
import { FactRows } from "../../src/load/facts.ts";
import {
  click,
  expectDecodes,
  factBlock,
  purchase,
  receiptOf,
  recordBlock,
  T0,
} from "../support/blocks.ts";
import { insert, loadFacts, temporaryWarehouse } from "../support/warehouse.ts";

const UUID = "0b8e2f1a-1111-4222-8333-444455556666";

const EVENTS: readonly TributaryEvent[] = [
  click("e1", T0, {
    source: "google",
    medium: "cpc",
    campaign: "spring & été",
    term: "t",
    content: "c",
  }),
  {
    id: UUID,
    type: "visit",
    time: T0 + 1,
    anonymousId: UUID,
    referrer: "https://example.org/",
    url: `https://shop.example/${"x".repeat(1000)}`,
    properties: { plan: "pro", seats: 3, nested: { ok: [true, null] } },
  },
  purchase("c1", T0 + 2, { value: "19.99", currency: "EUR", orderId: "o-1", anonymousId: "a1" }),
  {
    id: "r1",
    type: "refund",
    time: T0 + 3,
    userId: "u1",
    orderId: "o-1",
    value: "0.000000000001",
    currency: "EUR",
  },
];

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());
beforeEach(() => engine.command("TRUNCATE TABLE tributary.events"));

test("every field of a fact arrives", async () => {
  await loadFacts(engine, factBlock(EVENTS, "shop"), "1700000000123-7");
  const rows = await engine.query<Record<string, unknown>>(
    "SELECT * FROM tributary.events FINAL ORDER BY time",
  );
  const blank = Object.fromEntries(
    "source medium campaign term content channel name currency order_id anonymous_id referrer url properties referrer_host link_click"
      .split(" ")
      .map((name) => [name, ""]),
  );
  const common = {
    ...blank,
    tenant: "shop",
    value: null,
    partition: 3,
    position: "1700000000123-7",
    has_click_id: false,
  };
  expect(rows).toEqual([
    {
      ...common,
      event_id: "e1",
      type: "click",
      time: "2023-11-14 22:13:20.000",
      user_key: "u1",
      is_anonymous: false,
      source: "google",
      medium: "cpc",
      campaign: "spring & été",
      term: "t",
      content: "c",
      channel: "paid_search",
    },
    {
      ...common,
      event_id: UUID,
      type: "visit",
      time: "2023-11-14 22:13:20.001",
      user_key: UUID,
      is_anonymous: true,
      referrer: "https://example.org/",
      referrer_host: "example.org",
      url: `https://shop.example/${"x".repeat(1000)}`,
      properties: '{"plan":"pro","seats":3,"nested":{"ok":[true,null]}}',
    },
    {
      ...common,
      event_id: "c1",
      type: "conversion",
      time: "2023-11-14 22:13:20.002",
      user_key: "u1",
      is_anonymous: false,
      name: "purchase",
      value: "19.99",
      currency: "EUR",
      order_id: "o-1",
      anonymous_id: "a1",
    },
    {
      ...common,
      event_id: "r1",
      type: "refund",
      time: "2023-11-14 22:13:20.003",
      user_key: "u1",
      is_anonymous: false,
      value: "0.000000000001",
      currency: "EUR",
      order_id: "o-1",
    },
  ]);
  const conversions = await engine.query("SELECT event_id FROM tributary.conversions");
  expect(conversions).toEqual([{ event_id: "c1" }]);
});

test("a batch loaded twice changes nothing", async () => {
  const read = "SELECT * FROM tributary.events FINAL ORDER BY event_id";
  await loadFacts(engine, factBlock(EVENTS));
  const once = await engine.query(read);
  await loadFacts(engine, factBlock(EVENTS));
  expect(await engine.query(read)).toEqual(once);
  expect(once).toHaveLength(EVENTS.length);
  await engine.command("OPTIMIZE TABLE tributary.events FINAL");
  expect(await engine.query("SELECT count() AS n FROM tributary.events")).toEqual([{ n: "4" }]);
});

test("a block that is twice in one insert is read once", async () => {
  const rows = new FactRows(1);
  rows.add(factBlock(EVENTS), 1, "1-0");
  rows.add(factBlock(EVENTS), 1, "1-0");
  await insert(engine, rows.finish());
  const read = await engine.query("SELECT count() AS n FROM tributary.events FINAL");
  expect(read).toEqual([{ n: "4" }]);
});

test("whom a block says to be erased is a row, with what it is of, and no fact", async () => {
  await engine.command("TRUNCATE TABLE tributary.erasing");
  const rows = new FactRows(1);
  const block = recordBlock(
    [
      { key: UUID, receipt: 1 },
      { key: "a1", anonymous: true, owner: UUID, generation: 7, receipt: 2 },
      { key: "a2", anonymous: true, owner: UUID, linked: false, generation: 8, receipt: 2 },
    ],
    [{ anonymousId: "a3", userId: "u3", generation: 1 }],
    "shop",
  );
  expect(rows.add(block, 5, "9-1", "8-2")).toBe(0);
  const cut = block.slice(0, block.length - 9);
  expect(() => rows.add(cut, 5, "9-2", "8-3")).toThrow(WarehouseError);
  expect(rows.finishErasing().rows).toBe(3);
  await insert(engine, rows.finishErasing());
  rows.clear();
  expect(rows.finishErasing()).toMatchObject({ rows: 0, bytes: new Uint8Array(0) });
  const of = { tenant: "shop", partition: 5, position: "9-1", events_position: "8-2" };
  expect(await engine.query("SELECT * FROM tributary.erasing FINAL ORDER BY ordinal")).toEqual([
    {
      ...of,
      ordinal: 0,
      receipt: receiptOf(1),
      user_key: UUID,
      is_anonymous: false,
      generation: "0",
      owner: "",
      is_theirs: true,
    },
    {
      ...of,
      ordinal: 1,
      receipt: receiptOf(2),
      user_key: "a1",
      is_anonymous: true,
      generation: "7",
      owner: UUID,
      is_theirs: true,
    },
    {
      ...of,
      ordinal: 2,
      receipt: receiptOf(2),
      user_key: "a2",
      is_anonymous: true,
      generation: "8",
      owner: UUID,
      is_theirs: false,
    },
  ]);
});

test("an undecodable block adds none of its rows and harms no other", async () => {
  const rows = new FactRows(1);
  const good = factBlock(EVENTS);
  rows.add(good, 1, "1-0");
  const before = rows.finish().bytes.slice();
  for (const bad of [Uint8Array.of(), Uint8Array.of(1, 2, 3), good.slice(0, good.length - 9)]) {
    expect(() => rows.add(bad, 1, "2-0")).toThrow(
      expect.objectContaining({ code: "block_undecodable" }),
    );
  }
  expect(rows.finish().bytes).toEqual(before);
  expect(rows.rows).toBe(EVENTS.length);
  rows.add(good, 1, "3-0");
  await insert(engine, rows.finish());
  rows.clear();
  expect(rows.finish()).toMatchObject({ rows: 0, bytes: new Uint8Array(0) });
});

test("bytes that are damaged anywhere are undecodable, or still a block, and nothing else", () => {
  const good = factBlock(EVENTS);
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, cuts) => {
      const bad = Uint8Array.from(cuts ? good.subarray(0, at) : good);
      if (!cuts) bad[at] = byte;
      expectDecodes(() => new FactRows(1).add(bad, 1, "1-0"));
    }),
    { numRuns: runs(2000) },
  );
});

test("a defect of ours is not taken for a block's", () => {
  const rows = new FactRows(1);
  // A caller that breaks the types stands for any defect: the block can be read.
  const add = (): number => rows.add(factBlock(EVENTS), 1, undefined as unknown as string);
  expect(add).toThrow(TypeError);
  expect(rows.finish()).toMatchObject({ rows: 0, bytes: new Uint8Array(0) });
});
