import { BatchScanner, createRowDictionaries } from "@tributary/protocol";
import fc from "fast-check";
import { unpack } from "msgpackr";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { pack, packBatch } from "../../src/core/msgpack.ts";

describe("pack", () => {
  it("writes what JSON would, for any value that JSON takes", () => {
    const value = fc.anything({
      withDate: true,
      withNullPrototype: false,
      withSparseArray: true,
      withUnicodeString: true,
      maxDepth: 5,
      values: [
        fc.string({ unit: "binary", maxLength: 400 }),
        fc.integer(),
        fc.maxSafeInteger(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.constant(undefined),
      ],
    });
    fc.assert(
      fc.property(value, (it) => {
        // -0 is 0 in JSON; `__proto__` is no key of what msgpackr makes.
        const json = JSON.stringify(it, (_key, item: unknown) =>
          item === undefined ? null : item,
        );
        fc.pre(!json.includes("__proto__"));
        const kept = JSON.parse(JSON.stringify(it) ?? "null") as unknown;
        expect(unpack(pack(it))).toEqual(kept);
      }),
      { numRuns: runs(500) },
    );
  });

  it.each([
    [0, [0x00]],
    [127, [0x7f]],
    [-32, [0xe0]],
    [128, [0xce, 0, 0, 0, 128]],
    [0xff_ff_ff_ff, [0xce, 255, 255, 255, 255]],
    [-33, [0xcb, 0xc0, 0x40, 0x80, 0, 0, 0, 0, 0]],
    ["é", [0xa2, 0xc3, 0xa9]],
    [Number.NaN, [0xc0]],
    [{ a: undefined, b: [undefined] }, [0x81, 0xa1, 0x62, 0x91, 0xc0]],
  ])("%j is %j", (value, bytes) => {
    expect([...pack(value)]).toEqual(bytes);
  });

  it.each([31, 32, 255, 256, 65_535, 65_536])("takes texts, lists and maps of %i", (length) => {
    const list = Array.from({ length }, (_, at) => at % 100);
    const value = { text: "x".repeat(length), list, map: Object.fromEntries(list.entries()) };
    expect(unpack(pack(value))).toEqual(value);
  });

  it("says that it cannot: a bigint, a circle", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    expect(() => pack(circle)).toThrow(/deeper than 64 levels/);
    expect(() => pack(7n)).toThrow(/bigint/);
  });
});

describe("packBatch", () => {
  it("is what the gateway's scanner reads", () => {
    const now = Date.now();
    const events = [1, 2].map((at) => ({
      id: `e-${at}`,
      type: "conversion",
      time: now,
      userId: "ada",
      value: 19.99,
      currency: "EUR",
      properties: { at: new Date(now), nothing: undefined },
    }));
    const scanned: unknown[] = [];
    const { accepted, refused } = new BatchScanner(createRowDictionaries(1)).scan(
      packBatch(events.map(pack), now),
      {
        now,
        tenant: 0,
        maxEvents: 10,
        maxEventBytes: 1000,
        maxFutureMs: 1000,
        clockToleranceMs: 2000,
        maxTransitMs: 3_300_000,
      },
      (row) => scanned.push(row.time),
    );
    expect({ accepted, refused }).toEqual({ accepted: 2, refused: [] });
    expect(scanned).toEqual([now, now]);
  });
});
