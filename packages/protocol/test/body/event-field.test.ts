import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { EVENT_FIELDS, EVENT_TYPES } from "../../src/event.ts";
import { fieldOf, fieldOfWords, typeOf } from "../../src/body/event-field.ts";

/** A field looked up by its msgpack head and the two words behind, with whatever follows the name. */
function byWords(name: string, after: string): number {
  const bytes = Buffer.from(name + after.padEnd(8, "~"), "latin1");
  return fieldOfWords(0xa0 | name.length, bytes.readInt32LE(0), bytes.readInt32LE(4));
}

describe("names", () => {
  it("are found by their bytes", () => {
    for (const [number, name] of EVENT_FIELDS.entries()) {
      const bytes = Buffer.from(`..${name}.`);
      expect(fieldOf(bytes, 2, 2 + name.length)).toBe(number);
      expect(fieldOf(bytes, 2, 3 + name.length)).toBe(-1);
      expect(fieldOf(bytes, 2, 1 + name.length)).toBe(-1);
    }
    for (const [code, name] of EVENT_TYPES.entries()) {
      expect(typeOf(Buffer.from(name), 0, name.length)).toBe(code);
      expect(typeOf(Buffer.from(name), 0, name.length - 1)).toBe(-1);
    }
  });

  it("of up to 8 bytes are found by two words, whatever follows them; no others are", () => {
    const name = fc.oneof(
      fc.constantFrom(...EVENT_FIELDS),
      fc.constantFrom(...EVENT_FIELDS).map((field) => field.slice(0, -1)),
      fc.constantFrom(...EVENT_FIELDS).map((field) => `${field}s`),
      fc.string({ unit: "binary-ascii", maxLength: 31 }),
    );
    fc.assert(
      fc.property(name, fc.string({ unit: "binary-ascii", maxLength: 8 }), (asked, after) => {
        const number = (EVENT_FIELDS as readonly string[]).indexOf(asked);
        expect(byWords(asked, after)).toBe(asked.length <= 8 ? number : -1);
      }),
      { numRuns: runs(2000) },
    );
  });

  it("have the head of a short string", () => {
    const bytes = Buffer.from("id~~~~~~");
    const words = [bytes.readInt32LE(0), bytes.readInt32LE(4)] as const;
    expect(fieldOfWords(0xa2, ...words)).toBe(0);
    for (const head of [0x82, 0x92, 0xc2, 0xe2, 0x02])
      expect(fieldOfWords(head, ...words)).toBe(-1);
  });
});
