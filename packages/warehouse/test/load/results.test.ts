import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import fc from "fast-check";
import { MODEL_NAMES } from "@tributary/attribution";
import { formatDecimal, type TributaryEvent } from "@tributary/protocol";
import type { WarehouseEngine } from "../../src/engine/engine.ts";
import { ResultRows } from "../../src/load/results.ts";
import { click, expectDecodes, purchase, resultBlock, T0, type Result } from "../support/blocks.ts";
import { insert, loadResults, temporaryWarehouse } from "../support/warehouse.ts";

let engine: WarehouseEngine;
let remove: () => Promise<void>;

beforeAll(async () => {
  ({ engine, remove } = await temporaryWarehouse());
});
afterAll(() => remove());
beforeEach(() => engine.command("TRUNCATE TABLE tributary.attributions"));

const anyTouch = fc.record({
  channel: fc.constantFrom("paid_search", "email", "direct", ""),
  campaign: fc.constantFrom("spring", ""),
  ageMs: fc.nat(30 * 86_400_000),
});

const anyResult = fc.record({
  value: fc.option(fc.bigInt({ min: 0n, max: 10n ** 26n }), { freq: 5 }),
  touches: fc.array(anyTouch, { maxLength: 12 }),
});

function resultOf(
  {
    value,
    touches,
  }: { value: bigint | null; touches: { channel: string; campaign: string; ageMs: number }[] },
  index: number,
): Result {
  const path = touches.toSorted((a, b) => b.ageMs - a.ageMs);
  return {
    conversion: purchase(`c${index}`, T0, { orderId: `o${index}`, currency: "EUR" }),
    value: value === null ? "" : formatDecimal(value),
    touches: path.map(({ channel, campaign, ageMs }, i): TributaryEvent => {
      const dimensions = {
        ...(channel === "" ? {} : { channel }),
        ...(campaign === "" ? {} : { campaign }),
      };
      return { id: `t${index}-${i}`, type: "click", time: T0 - ageMs, userId: "u1", ...dimensions };
    }),
  };
}

test("under every model credits sum to exactly 1 and money to exactly the value", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(anyResult, { minLength: 1, maxLength: 60 }), async (inputs) => {
      await engine.command("TRUNCATE TABLE tributary.attributions");
      const results = inputs.map(resultOf);
      await loadResults(engine, resultBlock(results));
      const sums = await engine.query(
        `SELECT conversion_id, model, sum(credit) AS credits, sum(credited_value) AS value
         FROM tributary.credits GROUP BY ALL ORDER BY toUInt32(substring(conversion_id, 2)), model`,
      );
      const expected = results.flatMap(({ conversion, value }) =>
        MODEL_NAMES.toSorted().map((model) => ({
          conversion_id: conversion.id,
          model,
          credits: "1",
          value: value === "" ? "0" : value,
        })),
      );
      expect(sums).toEqual(expected);
      const zeros = await engine.query(
        "SELECT * FROM tributary.credits WHERE credit = 0 AND credited_value = 0",
      );
      expect(zeros).toEqual([]);
    }),
    { numRuns: runs(15) },
  );
});

test("every field of a result arrives", async () => {
  const uuid = "0b8e2f1a-1111-4222-8333-444455556666";
  const more = { currency: "EUR", orderId: "o-1" };
  const conversion = purchase(uuid, T0, more);
  const touches = [
    click("t1", T0 - 2000, { source: "google", medium: "cpc", campaign: "spring" }),
    click("t2", T0 - 1000, { channel: "email", term: "x", content: "y" }),
  ];
  const block = resultBlock(
    [{ conversion, touches, value: "10.01", revision: 2, reason: 1 }],
    "shop",
  );
  await loadResults(engine, block, "1700000005000-3");
  const [row] = await engine.query<Record<string, unknown>>("SELECT * FROM tributary.attributions");
  expect(row).toMatchObject({
    tenant: "shop",
    conversion_id: uuid,
    revision: 2,
    reason: "late_touchpoint",
    user_key: "u1",
    is_anonymous: false,
    conversion_time: "2023-11-14 22:13:20.000",
    name: "purchase",
    value: "10.01",
    currency: "EUR",
    order_id: "o-1",
    touches: 2,
    touch_id: ["t1", "t2"],
    touch_type: ["click", "click"],
    touch_time: ["2023-11-14 22:13:18.000", "2023-11-14 22:13:19.000"],
    touch_channel: ["paid_search", "email"],
    touch_source: ["google", ""],
    touch_term: ["", "x"],
    partition: 3,
    position: "1700000005000-3",
    attributed_at: "2023-11-14 22:13:25.000",
  });
  const linear = await engine.query(
    `SELECT touch_index, touchpoint_id, channel, source, credit, credited_value AS value
     FROM tributary.credits WHERE model = 'linear' ORDER BY touch_index`,
  );
  const half = { credit: "0.5", value: "5.005" };
  expect(linear).toEqual([
    { touch_index: 1, touchpoint_id: "t1", channel: "paid_search", source: "google", ...half },
    { touch_index: 2, touchpoint_id: "t2", channel: "email", source: "", ...half },
  ]);
});

describe("idempotence", () => {
  const results: Result[] = [
    { conversion: purchase("c1", T0), touches: [click("t1", T0 - 5)], value: "3" },
    { conversion: purchase("c2", T0), touches: [], value: "7.5" },
  ];

  test("a batch loaded twice changes nothing", async () => {
    const read = "SELECT * FROM tributary.credits ORDER BY conversion_id, model, touch_index";
    await loadResults(engine, resultBlock(results));
    const once = await engine.query(read);
    await loadResults(engine, resultBlock(results));
    expect(await engine.query(read)).toEqual(once);
    expect(once).toHaveLength(2 * MODEL_NAMES.length);
  });

  test("a conversion without touchpoints is one whole unattributed credit a model", async () => {
    await loadResults(engine, resultBlock(results));
    const rows = await engine.query(
      `SELECT model, channel, source, touch_index, touchpoint_id, credit, credited_value AS value
       FROM tributary.credits WHERE conversion_id = 'c2' ORDER BY model`,
    );
    expect(rows).toEqual(
      MODEL_NAMES.toSorted().map((model) => ({
        model,
        channel: "unattributed",
        source: "(none)",
        touch_index: 0,
        touchpoint_id: "",
        credit: "1",
        value: "7.5",
      })),
    );
  });

  test("an undecodable block adds none of its rows", async () => {
    const rows = new ResultRows(1);
    const good = resultBlock(results);
    const bad = [
      good.slice(0, 40),
      good.slice(0, -1),
      resultBlock([{ ...results[0], value: "-1" } as Result]),
    ];
    for (const block of bad) {
      expect(() => rows.add(block, 1, "1-0")).toThrow(
        expect.objectContaining({ code: "block_undecodable" }),
      );
    }
    expect(rows.finish()).toMatchObject({ rows: 0, bytes: new Uint8Array(0) });
    rows.add(good, 1, "1-0");
    await insert(engine, rows.finish());
    expect(await engine.query("SELECT count() AS n FROM tributary.attributions")).toEqual([
      { n: "2" },
    ]);
  });
});

describe("a block", () => {
  const conversion = purchase("c1", T0, { currency: "EUR" });
  const good = resultBlock([{ conversion, touches: [click("t1", T0 - 1000)], value: "1" }]);

  test("that is damaged anywhere is undecodable, or still a block, and nothing else", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), fc.boolean(), (at, byte, cuts) => {
        const bad = Uint8Array.from(cuts ? good.subarray(0, at) : good);
        if (!cuts) bad[at] = byte;
        expectDecodes(() => new ResultRows(1).add(bad, 1, "1-0"));
      }),
      { numRuns: 2000 },
    );
  });

  test("is not at fault for a defect of ours", () => {
    const rows = new ResultRows(1);
    // A caller that breaks the types stands for any defect: the block can be read.
    expect(() => rows.add(good, 1, undefined as unknown as string)).toThrow(TypeError);
    expect(rows.finish()).toMatchObject({ rows: 0, bytes: new Uint8Array(0) });
  });
});
