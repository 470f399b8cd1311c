import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  createRowDictionaries,
  EventRow,
  FLAG_RARE,
  readResultBlock,
  ResultWriter,
  TYPE_CLICK,
  TYPE_CONVERSION,
} from "../../src/index.ts";
import { rowToObject } from "../support/rows.ts";

function rowOf(tenant: number, id: string, type: number, time: number): EventRow {
  const row = new EventRow();
  row.tenant = tenant;
  row.flags = type;
  row.time = time;
  row.id = Buffer.from(id);
  row.idLength = id.length;
  row.user = Buffer.from("u");
  row.userLength = 1;
  return row;
}

describe("the result block", () => {
  it("gives back conversions, touchpoints and weights", () => {
    const dictionaries = createRowDictionaries(3);
    const tenant = dictionaries.tenants.internText("shop");
    const writer = new ResultWriter(["first_touch", "linear"], dictionaries);
    const conversion = rowOf(tenant, "c1", TYPE_CONVERSION, 5000);
    conversion.rare = Buffer.from([7, 0xa2, 0x6f, 0x31]);
    conversion.rareLength = 4;
    conversion.flags |= FLAG_RARE;
    writer.conversion(conversion, "19.99", 2, 1, 2);
    for (const id of ["t1", "t2"]) writer.touch(rowOf(tenant, id, TYPE_CLICK, 4000));
    writer.weights(Float64Array.of(1, 0, 0.5, 0.5), 4);
    writer.conversion(rowOf(tenant, "c2", TYPE_CONVERSION, 6000), "", 0, 0, 0);
    writer.weights(new Float64Array(0), 0);
    const context = new Uint8Array(25).fill(9);
    writer.trace(context);

    const other = createRowDictionaries(4);
    const block = readResultBlock(writer.finish(), other);
    expect(block.models).toEqual(["first_touch", "linear"]);
    expect(block.values).toEqual(["19.99", ""]);
    expect(block.revisions).toEqual([2, 0]);
    expect(block.reasons).toEqual([1, 0]);
    expect(block.touchCounts).toEqual([2, 0]);
    expect([...block.weights]).toEqual([1, 0, 0.5, 0.5]);
    expect([...block.conversions.traces]).toEqual([...context]);
    const row = new EventRow();
    const read = (reader: typeof block.touches) => {
      const rows = [];
      while (reader.next(row)) rows.push(rowToObject(row, other));
      return rows;
    };
    expect(read(block.conversions)).toMatchObject([
      { tenant: "shop", id: "c1", type: "conversion", orderId: "o1", time: 5000 },
      { id: "c2", time: 6000 },
    ]);
    expect(read(block.touches)).toMatchObject([
      { id: "t1", type: "click" },
      { id: "t2", time: 4000 },
    ]);
    expect(writer.count).toBe(0);
  });

  it("has the lowest version that its generations and anonymous IDs need, and gives both back", () => {
    const versions = [
      [[0, ""], 2],
      [[7, ""], 3],
      [[7, "device"], 4],
    ] as const;
    for (const [[generation, anonymousId], version] of versions) {
      const dictionaries = createRowDictionaries(3);
      const tenant = dictionaries.tenants.internText("t");
      const writer = new ResultWriter(["linear"], dictionaries);
      writer.conversion(rowOf(tenant, "c1", TYPE_CONVERSION, 1), "", 0, 0, 0);
      writer.conversion(
        rowOf(tenant, "c2", TYPE_CONVERSION, 1),
        "",
        1,
        3,
        0,
        generation,
        anonymousId,
      );
      const bytes = writer.finish();
      expect(bytes[1]).toBe(version);
      const block = readResultBlock(bytes, createRowDictionaries(4));
      expect(block.generations).toEqual([0, generation]);
      expect(block.anonymousIds).toEqual(["", anonymousId]);
    }
  });

  it("gives back any weights, whatever runs they have", () => {
    const weight = fc.oneof(fc.constantFrom(0, 1, 0.5), fc.double({ min: 0, noNaN: true }));
    const path = fc
      .integer({ min: 0, max: 40 })
      .chain((touches) => fc.array(weight, { minLength: touches * 2, maxLength: touches * 2 }));
    fc.assert(
      fc.property(fc.array(path, { maxLength: 5 }), (paths) => {
        const dictionaries = createRowDictionaries(3);
        const tenant = dictionaries.tenants.internText("t");
        const writer = new ResultWriter(["linear", "time_decay"], dictionaries);
        for (const weights of paths) {
          writer.conversion(rowOf(tenant, "c", TYPE_CONVERSION, 1), "", 0, 0, weights.length / 2);
          for (let i = 0; i < weights.length / 2; i += 1) {
            writer.touch(rowOf(tenant, "t", TYPE_CLICK, 1));
          }
          writer.weights(Float64Array.from(weights), weights.length);
        }
        const block = readResultBlock(writer.finish(), createRowDictionaries(4));
        expect([...block.weights]).toEqual(paths.flat());
      }),
    );
  });

  it("takes a run's bytes, not a weight's, where most touches get the same", () => {
    const bytes = (touches: number): number => {
      const dictionaries = createRowDictionaries(3);
      const tenant = dictionaries.tenants.internText("t");
      const writer = new ResultWriter(["linear"], dictionaries);
      writer.conversion(rowOf(tenant, "c", TYPE_CONVERSION, 1), "", 0, 0, touches);
      for (let i = 0; i < touches; i += 1) writer.touch(rowOf(tenant, "t", TYPE_CLICK, 1));
      writer.weights(new Float64Array(touches).fill(1 / touches), touches);
      return writer.finish().length;
    };
    expect(bytes(60) - bytes(30)).toBeLessThan(30 * 8);
  });

  it("refuses columns of different lengths", () => {
    const dictionaries = createRowDictionaries(3);
    const writer = new ResultWriter(["linear"], dictionaries);
    writer.conversion(
      rowOf(dictionaries.tenants.internText("t"), "c", TYPE_CONVERSION, 1),
      "",
      0,
      0,
      3,
    );
    expect(() => readResultBlock(writer.finish(), createRowDictionaries(1))).toThrow(
      /lengths differ/,
    );
  });
});
