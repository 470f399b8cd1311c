import { expect, test } from "vitest";
import { AnswerCache } from "../../src/attribution/answer-cache.ts";

test("an answer is given again over the same data version only", () => {
  const cache = new AnswerCache<string>({ maxAnswers: 2, maxBytes: 1000 });
  cache.keep("a", "1", "x");
  expect(cache.find("a", "1")).toBe("x");
  expect(cache.find("b", "1")).toBeUndefined();
  expect(cache.find("a", "2")).toBeUndefined();
  // It is gone for good.
  expect(cache.find("a", "1")).toBeUndefined();
});

test("those asked for longest ago go first, over the number and over the size", () => {
  const cache = new AnswerCache<string>({ maxAnswers: 2, maxBytes: 100 });
  cache.keep("a", "1", "x");
  cache.keep("b", "1", "y");
  cache.find("a", "1");
  cache.keep("c", "1", "z");
  expect(["a", "b", "c"].map((key) => cache.find(key, "1"))).toEqual(["x", undefined, "z"]);
  cache.keep("d", "1", "x".repeat(46));
  expect(["a", "c", "d"].map((key) => cache.find(key, "1")?.length)).toEqual([
    undefined,
    undefined,
    46,
  ]);
  cache.keep("e", "1", "x".repeat(60));
  expect(cache.find("e", "1")).toBeUndefined();
});

test("none is kept where none may be", () => {
  const cache = new AnswerCache<string>({ maxAnswers: 0, maxBytes: 100 });
  cache.keep("a", "1", "x");
  expect(cache.find("a", "1")).toBeUndefined();
});

test("none is kept where no bytes may be", () => {
  const cache = new AnswerCache<string>({ maxAnswers: 2, maxBytes: 0 });
  cache.keep("a", "1", "x");
  expect(cache.find("a", "1")).toBeUndefined();
});
