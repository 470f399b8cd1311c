import { describe, expect, it } from "vitest";
import { renderLag } from "../../src/report/lag-table.ts";

const partition = { partition: 0, undelivered: 3, pending: 1, oldestAgeSeconds: 2.25, owner: null };

describe("the lag as text", () => {
  it("has a row a partition, and says in words what waits in all", () => {
    const text = renderLag({
      partitions: [partition],
      total: {
        attribution: { entries: 4, oldestAgeSeconds: 2.25 },
        warehouse: { entries: 0, oldestAgeSeconds: 0 },
      },
    });
    expect(text).toMatch(/0\s+3\s+1\s+2\.3\s+–/);
    expect(text).toMatch(
      /attribution: 4 entries wait, the oldest for 2\.3 s\nwarehouse: nothing waits$/,
    );
  });

  it("the lag is shown whatever figures it has", () => {
    const text = renderLag({
      partitions: [
        { partition: 0, undelivered: 1200, owner: "worker-1", warehouse: { pending: 7 } },
        { partition: 1, undelivered: 0, owner: null, oldestAgeSeconds: 1.234 },
      ],
      total: {},
      version: 3,
    });
    expect(text.split("\n").map((line) => line.trimEnd())).toEqual([
      "partition  undelivered     owner  warehouse   oldest",
      "                                    pending      age",
      "                                             seconds",
      "─".repeat(52),
      "0                1,200  worker-1          7",
      "1                    0         –                 1.2",
      "",
      "version 3",
    ]);
  });

  it("says so where there are no partitions", () => {
    expect(renderLag({ partitions: [] })).toMatch(/No partitions yet/);
  });
});
