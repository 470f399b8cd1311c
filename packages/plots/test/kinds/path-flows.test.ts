import fc from "fast-check";
import { expect, test } from "vitest";
import { pathFlows } from "../../src/kinds/path-flows.ts";

test("counts go from step to step and to the path's end", () => {
  const { nodes, flows } = pathFlows(
    [
      { steps: ["search", "email"], count: 3, end: "converted" },
      { steps: ["search"], count: 2, end: "not converted" },
    ],
    { steps: 3, namesPerStep: 8 },
  );
  const named = flows.map(({ source, target, count }) => [
    nodes[source]?.name,
    nodes[target]?.name,
    count,
  ]);
  expect(named).toEqual([
    ["search", "email", 3],
    ["email", "converted", 3],
    ["search", "not converted", 2],
  ]);
});

test("rare names of a step are one, and long paths go on behind an ellipsis", () => {
  const paths = ["a", "b", "c", "d"].map((name, i) => ({
    steps: [name, "x", "y"],
    count: 10 - i,
    end: "converted",
  }));
  const { nodes } = pathFlows(paths, { steps: 2, namesPerStep: 3 });
  const names = (step: number): string[] =>
    nodes.filter((node) => node.step === step).map(({ name }) => name);
  expect([names(0), names(1), names(2), names(3)]).toEqual([
    ["a", "b", "other"],
    ["x"],
    ["…"],
    ["converted"],
  ]);
});

const path = fc.record({
  steps: fc.array(fc.constantFrom("a", "b", "c", "d", "e"), { minLength: 1, maxLength: 7 }),
  count: fc.integer({ min: 0, max: 1000 }),
  end: fc.constantFrom("converted", "not converted"),
});

test("what enters a node leaves it, and all paths reach an end", () => {
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const { nodes, flows } = pathFlows(paths, { steps: 4, namesPerStep: 3 });
      const sum = (end: "source" | "target", node: number): number =>
        flows.filter((flow) => flow[end] === node).reduce((all, { count }) => all + count, 0);
      let ended = 0;
      for (const [i, { step }] of nodes.entries()) {
        if (step > 0 && step <= 4) expect(sum("target", i)).toBe(sum("source", i));
        if (step === 5) ended += sum("target", i);
      }
      expect(ended).toBe(paths.reduce((all, { count }) => all + count, 0));
    }),
  );
});
