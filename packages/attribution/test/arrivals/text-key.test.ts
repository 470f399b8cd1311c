import { expect, it } from "vitest";
import { textKey } from "../../src/arrivals/text-key.ts";

it("is another for another text or kind, and a safe whole number that is not 0", () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => `campaign ${i}`);
  const keys = new Set([1, 2].flatMap((kind) => texts.map((text) => textKey(text, kind))));
  expect(keys.size).toBe(2 * texts.length);
  for (const key of keys) expect(Number.isSafeInteger(key) && key > 0).toBe(true);
});

it("is the same in every process, for partitions send it to each other", () => {
  const keys = [textKey("a", 1), textKey("", 2), textKey("é𐍈", 3)];
  expect(keys).toEqual([5_368_154_436_228_575, 2_130_661_745_665_215, 1_677_260_537_606_386]);
});
