import { expect, test } from "vitest";
import { detectAmounts } from "../../src/values/detect-amounts.ts";

test("one amount with a clear mark decides for the column", () => {
  const found = detectAmounts(["1.299", "19,99", "", "5"]);
  expect(found).toMatchObject({
    mark: ",",
    said: 'decimal commas as in "19,99"',
    open: undefined,
    read: 3,
  });
  expect(detectAmounts(["9,000", "1,204.50"])).toMatchObject({ mark: ".", open: undefined });
  expect(detectAmounts(["9,000", "1,299,000"]).mark).toBe(".");
});

test("both marks in one column leave what shows none open", () => {
  const clear = ["1.299,00", "1,299.00", "€49.90", "19,99"];
  expect(detectAmounts(clear)).toMatchObject({ mark: undefined, open: undefined });
  expect(detectAmounts([...clear, "1.299"])).toMatchObject({
    mark: undefined,
    open: {
      count: 1,
      examples: ["1.299"],
      reason: 'decimal points as in "1,299.00" and decimal commas as in "1.299,00"',
    },
  });
});

test("without evidence it is a question, unless the other columns answer it", () => {
  expect(detectAmounts(["9,000", "700"]).open).toEqual({
    count: 1,
    examples: ["9,000"],
    reason: '"9,000" may be thousands or a fraction of three digits',
  });
  expect(detectAmounts(["9,000", "700"], ".")).toMatchObject({ mark: ".", open: undefined });
  expect(detectAmounts(["700", "20"])).toMatchObject({ mark: undefined, open: undefined });
});

test("currencies and amounts below 0 are counted, and what is none", () => {
  const found = detectAmounts(["€5", "€-6", "USD 7", "free", "(8)"]);
  expect([...found.currencies]).toEqual([
    ["€", 2],
    ["USD", 1],
  ]);
  expect(found).toMatchObject({ negative: 2, read: 4, unread: { count: 1, examples: ["free"] } });
});
