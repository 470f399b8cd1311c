import { describe, expect, test } from "vitest";
import { METRICS } from "../../src/index.ts";
import type { MetricDefinition } from "../../src/index.ts";

const SNAKE_CASE = /^[a-z]+(_[a-z0-9]+)*$/;
const definitions: [string, MetricDefinition][] = Object.entries(METRICS);

describe("every metric", () => {
  test.for(definitions)("%s", ([name, definition]) => {
    expect(name).toMatch(SNAKE_CASE);
    expect(name).toMatch(/^tributary_/);
    expect(name.endsWith("_total")).toBe(definition.type === "counter");
    // Prometheus adds these to a histogram's name.
    expect(name).not.toMatch(/_(count|sum|bucket)$/);
    expect(definition.help).toMatch(/^[A-Z0-9].{9,}\.$/);
    if (definition.unit !== "flag") expect(name).toContain(`_${definition.unit}`);
    if (["seconds", "bytes"].includes(definition.unit)) {
      expect(name.replace(/_total$/, "")).toMatch(new RegExp(`_${definition.unit}$`));
    }
  });

  test.for(definitions)("%s has bounded labels", ([, definition]) => {
    let series = 1;
    for (const [label, bound] of Object.entries(definition.labels)) {
      expect(label).toMatch(SNAKE_CASE);
      const values = typeof bound === "number" ? bound + 1 : bound.length;
      expect(values).toBeGreaterThan(0);
      series *= values;
    }
    expect(series).toBeLessThanOrEqual(2000);
  });

  test.for(definitions)(
    "%s has rising buckets exactly where it is a histogram",
    ([, definition]) => {
      const buckets = definition.buckets ?? [];
      expect(buckets.length > 0).toBe(definition.type === "histogram");
      expect(buckets).toEqual([...new Set(buckets)].toSorted((a, b) => a - b));
    },
  );
});
