import { expect, test } from "vitest";
import { bars, columns, heatMap, pathFlows, sankey, stackedArea } from "../../src/index.ts";

const caption = { title: "T", summary: "s" };

/** Values of an attribute of all elements whose beginning is as given, in their order. */
function attributesOf(svg: string, begin: string, attribute: string): string[] {
  return [...svg.matchAll(new RegExp(`<${begin}[^>]* ${attribute}="([^"]*)"`, "g"))].map(
    ([, value = ""]) => value,
  );
}

/** Elements that were opened are closed, in their order. */
function isWellFormed(svg: string): boolean {
  const open: string[] = [];
  for (const [, end = "", name = "", empty = ""] of svg.matchAll(
    /<(\/?)(\w+)(?:[^>"]|"[^"]*")*?(\/?)>/g,
  )) {
    if (empty !== "") continue;
    if (end === "") open.push(name);
    else if (open.pop() !== name) return false;
  }
  return open.length === 0;
}

const amount = (value: number): { value: number; text: string } => ({ value, text: String(value) });

test("bars are as long as their values, a series in its colour", () => {
  const svg = bars({
    ...caption,
    series: ["linear", "last_touch"],
    rows: [
      { label: "email", amounts: [amount(100), amount(50)] },
      { label: "<b>", amounts: [amount(0), amount(25)] },
    ],
  });
  expect(isWellFormed(svg)).toBe(true);
  const widths = attributesOf(svg, 'rect class="s[01]" x="[1-9]', "width").map(Number);
  const [whole = 0, half = 0, , quarter = 0] = widths.slice(-4);
  expect(half / whole).toBeCloseTo(0.5, 2);
  expect(quarter / whole).toBeCloseTo(0.25, 2);
  expect(svg).toContain("&lt;b&gt;");
  expect(svg).not.toContain("<b>");
});

test("columns stand on the axis, and far too many keep only some labels", () => {
  const all = Array.from({ length: 200 }, (_, i) => ({ label: `day ${i}`, value: i }));
  const svg = columns({ ...caption, columns: all });
  expect(isWellFormed(svg)).toBe(true);
  expect(attributesOf(svg, 'rect class="s0"', "height")).toHaveLength(200);
  expect(svg.match(/class="faint middle"/g)?.length).toBeLessThan(30);
});

test("areas lie on each other, one a series", () => {
  const svg = stackedArea({
    ...caption,
    moments: ["2026-11-01", "2026-11-02"],
    series: [
      { name: "email", values: [10, 20] },
      { name: "direct", values: [30, 20] },
    ],
  });
  expect(isWellFormed(svg)).toBe(true);
  expect(attributesOf(svg, "path", "d")).toHaveLength(2);
});

test("a heat map's cells are the darker the larger their value", () => {
  const svg = heatMap({
    ...caption,
    columns: ["first_touch", "last_touch"],
    rows: [{ label: "email", amounts: [amount(1), amount(0.25)] }],
  });
  expect(isWellFormed(svg)).toBe(true);
  expect(attributesOf(svg, "rect ", "fill-opacity").map(Number)).toEqual([0.5, 0.13]);
});

test("a Sankey diagram's bands are as wide as what goes along them", () => {
  const flows = pathFlows(
    [
      { steps: ["search", "email"], count: 30, end: "converted" },
      { steps: ["direct"], count: 10, end: "converted" },
    ],
    { steps: 5, namesPerStep: 8 },
  );
  const svg = sankey({ ...caption, flows });
  expect(isWellFormed(svg)).toBe(true);
  const widths = [...svg.matchAll(/stroke-width:([\d.]+);/g)].map(([, width]) => Number(width));
  expect((widths[0] ?? 0) / (widths[2] ?? 1)).toBeCloseTo(3, 1);
});

test("nothing to show is a figure as well", () => {
  for (const svg of [
    bars({ ...caption, series: ["linear"], rows: [] }),
    columns({ ...caption, columns: [] }),
    stackedArea({ ...caption, moments: [], series: [] }),
    heatMap({ ...caption, columns: [], rows: [] }),
    sankey({ ...caption, flows: { nodes: [], flows: [] } }),
  ]) {
    expect(isWellFormed(svg)).toBe(true);
    expect(svg).not.toContain("NaN");
  }
});
