import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Dictionary } from "../../src/entry/dictionary.ts";

/** The code of bytes between others, asked for by words. */
function byWords(dictionary: Dictionary, value: Uint8Array, after: number): number {
  const bytes = Buffer.concat([Buffer.from("ab"), value, Buffer.alloc(after, 0x61)]);
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return dictionary.internWords(bytes, words, 2, 2 + value.length);
}

describe("interning by words", () => {
  it("gives the codes that interning by bytes gives, whatever comes between and behind", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary", minLength: 1, maxLength: 12 }),
      // Like ends and like beginnings, about as long as the longest that is recalled.
      fc.nat(300).map((n) => `autumn-${n}-collection`),
      fc.nat(40).map((n) => "x".repeat(n + 1)),
      fc.nat(40).map((n) => `${"y".repeat(n)}z`),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.nat(5)), { maxLength: 200 }), (asked) => {
        const dictionary = new Dictionary(7);
        const expected = new Dictionary(8);
        for (const [value, after] of asked) {
          const bytes = Buffer.from(value, "utf8");
          const code = expected.intern(bytes, 0, bytes.length);
          expect(byWords(dictionary, bytes, after)).toBe(code);
          expect(dictionary.text(code)).toBe(value);
        }
      }),
    );
  });

  it("gives 0 for what is not UTF-8, each time", () => {
    const dictionary = new Dictionary(7);
    for (const bad of [[0xff], [0x61, 0xc3], [0x61, 0x62, 0x63, 0x64, 0x80]]) {
      const value = Uint8Array.from(bad);
      expect([byWords(dictionary, value, 8), byWords(dictionary, value, 0)]).toEqual([0, 0]);
    }
  });

  it("recalls nothing that was cleared", () => {
    const dictionary = new Dictionary(7);
    const [first, second] = [Buffer.from("first"), Buffer.from("second")];
    expect([byWords(dictionary, first, 4), byWords(dictionary, second, 4)]).toEqual([1, 2]);
    dictionary.clear();
    expect([byWords(dictionary, second, 4), byWords(dictionary, first, 4)]).toEqual([1, 2]);
  });
});

describe("a dictionary with a limit", () => {
  it("holds the first strings for good, and forgets the rest when told to, whatever comes", () => {
    const word = fc.oneof(
      fc.nat(60).map((n) => `campaign-${n}`),
      fc.string({ unit: "binary", minLength: 1, maxLength: 9 }),
    );
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.array(fc.array(word, { maxLength: 600 }), { maxLength: 5 }),
        (limit, batches) => {
          const dictionary = new Dictionary(7);
          const intern = (text: string): number => dictionary.internText(text);
          expect(intern("always")).toBe(1);
          const before = dictionary.byteLength;
          dictionary.limit(limit);
          const held = new Map([["always", 1]]);
          for (const batch of batches) {
            const transient = new Map<string, number>();
            for (const text of batch) {
              const code = intern(text);
              const known = held.get(text) ?? transient.get(text);
              expect(code).toBe(known ?? dictionary.size);
              (code <= dictionary.held ? held : transient).set(text, code);
              expect(dictionary.text(code)).toBe(text);
            }
            expect(dictionary.byteLength - before).toBeLessThanOrEqual(limit);
            expect([dictionary.held, dictionary.size]).toEqual([
              held.size,
              held.size + transient.size,
            ]);
            dictionary.forgetTransient();
            expect(dictionary.size).toBe(held.size);
          }
          for (const [text, code] of held) expect(intern(text)).toBe(code);
        },
      ),
    );
  });
});
