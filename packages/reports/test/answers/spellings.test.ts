import { expect, test } from "vitest";
import { spelled } from "../../src/answers/spellings.ts";

const rows = (...sources: unknown[]) => sources.map((source) => ({ source, campaign: "x" }));

test("names that differ in case and spaces are told, the most spellings first", () => {
  const given = rows("Google", "google", "Bing", "GOOGLE ", "bing", "bing", "(none)", "partner a");
  expect(spelled(given, ["source", "day"])).toEqual({
    spellings: [
      { dimension: "source", name: "google", spellings: ["Google", "google", "GOOGLE "], count: 3 },
      { dimension: "source", name: "bing", spellings: ["Bing", "bing"], count: 2 },
    ],
  });
});

test("nothing is told where each name has one, or where the rows are not of names", () => {
  expect(spelled(rows("Google", "Bing", undefined), ["source"])).toEqual({});
  expect(spelled(rows("Google", "google"), ["conversion"])).toEqual({});
  expect(spelled([], ["source"])).toEqual({});
});

test("the hint is short, and counts all", () => {
  const many = Array.from({ length: 64 }, (_, i) =>
    "google"
      .split("")
      .map((letter, at) => ((i >> at) % 2 === 0 ? letter : letter.toUpperCase()))
      .join(""),
  );
  const [hint] = spelled(rows(...many), ["source"]).spellings ?? [];
  expect(hint?.spellings).toHaveLength(10);
  expect(hint?.count).toBe(64);
  const names = Array.from({ length: 30 }, (_, i) => [`a${i}`, `A${i}`]).flat();
  expect(spelled(rows(...names), ["source"]).spellings).toHaveLength(10);
});
