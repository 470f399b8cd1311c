import { expect, test } from "vitest";
import { CheckList, summarise } from "../../src/accuracy/checks.ts";

test("a figure fails beyond the tolerance, and where there is none", () => {
  const list = new CheckList("source", 1e-3);
  list.add("near", 1000, 1000.9);
  list.add("far", 1000, 1002);
  list.add("zero", 0, 0.0005);
  list.addEach("each", { A: 2, B: 3 }, new Map([["A", 2]]));
  expect(list.checks.filter(({ failed }) => failed).map(({ figure }) => figure)).toEqual([
    "far",
    "each: B",
  ]);
});

test("the summary counts, and a missing figure is wrong without bound", () => {
  const list = new CheckList("source", 1e-3);
  expect(summarise(list.checks)).toEqual({
    cases: 0,
    failed: 0,
    maxRelativeError: 0,
    failures: [],
  });
  list.add("far", 1000, 1002);
  list.add("near", 1000, 1000);
  expect(summarise(list.checks)).toMatchObject({ cases: 2, failed: 1, maxRelativeError: 0.002 });
  list.add("none", 1, Number.NaN);
  expect(summarise(list.checks)).toMatchObject({ failed: 2, maxRelativeError: Number.MAX_VALUE });
});
