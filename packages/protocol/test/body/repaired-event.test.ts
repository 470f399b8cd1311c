import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { DIMENSION_FIELDS, packEvents } from "../../src/index.ts";
import { NOW, readAll, scanToEntry } from "../support/rows.ts";

const TEXT_FIELDS = ["id", "userId", "referrer", "url", "name", "orderId", ...DIMENSION_FIELDS];
const good = { id: "e", type: "conversion", time: NOW, userId: "u" };

/** A batch of three events of which the second has bytes in the place of a text. */
function batchWith(field: string, bytes: Uint8Array): Uint8Array {
  const mark = "~".repeat(bytes.length);
  const body = Buffer.from(
    packEvents([good, { ...good, id: "2", [field]: mark }, { ...good, id: "3" }]),
  );
  body.set(bytes, body.indexOf(mark));
  return body;
}

/** The second of its events, and what was refused. */
function second(field: string, bytes: Uint8Array) {
  const { entry, accepted, refused } = scanToEntry(batchWith(field, bytes));
  const rows = readAll(entry);
  expect([accepted, refused]).toEqual([3, []]);
  expect([rows[0]?.["id"], rows[2]?.["id"]]).toEqual(["e", "3"]);
  return rows[1]?.[field];
}

describe("a text that is not UTF-8", () => {
  it.each(TEXT_FIELDS)("costs no event: %s", (field) => {
    expect(second(field, Buffer.from("caf\xe9!", "latin1"))).toBe("caf\ufffd!");
    // Half of a surrogate pair, as some packers write it.
    expect(second(field, Uint8Array.of(0x78, 0xed, 0xa0, 0xbd))).toBe("x\ufffd\ufffd\ufffd");
  });

  it.each([
    ["id", 64],
    ["userId", 128],
    ["name", 128],
    ["source", 256],
    ["channel", 64],
    ["url", 2048],
  ])(
    "is no longer than its field may be, where the sender cut it within a character: %s",
    (field, most) => {
      const cut = Buffer.concat([Buffer.from("x".repeat(most - 1)), Buffer.of(0xc3)]);
      expect(second(field, cut)).toBe("x".repeat(most - 1));
    },
  );

  it("is refused for its length where it was too long before", () => {
    const long = Buffer.concat([Buffer.from("x".repeat(128)), Buffer.of(0xc3)]);
    const { accepted, refused } = scanToEntry(batchWith("name", long));
    expect([accepted, refused]).toMatchObject([2, [{ index: 1, field: "name", reason: /128/ }]]);
  });

  it("is told beside what else is wrong with the event", () => {
    const bad = { ...good, id: "2", source: "~~", orderId: "o".repeat(65) };
    const body = Buffer.from(packEvents([bad]));
    body.set([0xc3, 0x28], body.indexOf("~~"));
    const { accepted, refused } = scanToEntry(body);
    expect([accepted, refused]).toMatchObject([0, [{ index: 0, field: "orderId" }]]);
  });

  it("is what the platform's decoder makes of any bytes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...TEXT_FIELDS),
        fc.uint8Array({ minLength: 1, maxLength: 20 }),
        (field, bytes) => {
          fc.pre(!bytes.includes(0x7e));
          expect(second(field, bytes)).toBe(
            new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes),
          );
        },
      ),
      { numRuns: runs(500) },
    );
  });
});
