import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { PATHS_HEADER, readPaths } from "../../../src/replay/sources/paths-source.ts";
import { createRandom, shuffle } from "@tributary/lab/sample";
import { unitsOf } from "../../../src/report/rounding.ts";
import { sourceFile } from "../../../../../test/support/data-dir.ts";
import { readAll } from "../../support/read-all.ts";

const PATHDATA = fileURLToPath(
  new URL("../../../../../../shared/data/pathdata/paths.csv", import.meta.url),
);

test("rows in another order give the same events", async () => {
  const rows = ["a > b,1,2.5,1", "c,2,1,0", "a > b,1,2.5,1", "b > b > a,0,0,2"];
  const read = async (order: readonly string[]): Promise<string[]> => {
    const path = sourceFile("paths.csv", `${PATHS_HEADER}\n${order.join("\n")}\n`);
    const { events, rejected } = await readAll(readPaths(path, "USD"));
    expect(rejected).toEqual([]);
    return events.map(({ event }) => JSON.stringify(event)).sort();
  };
  const expected = await read(rows);
  expect(new Set(expected).size).toBe(expected.length);
  for (let seed = 0; seed < 10; seed += 1) {
    const order = [...rows];
    shuffle(createRandom(seed), order);
    expect(await read(order)).toEqual(expected);
  }
});

test("a row that cannot be read is rejected with its line, field and reason", async () => {
  const lines = [
    PATHS_HEADER,
    "a > b,1,2.5",
    "a >  > b,1,1,1",
    "a,x,1,1",
    "a,1,-1,1",
    "a,0,5,1",
    "a,1,1,0.5",
    "",
    "a,1,1,1",
  ];
  const { events, rejected } = await readAll(
    readPaths(sourceFile("paths.csv", lines.join("\r\n")), "USD"),
  );
  expect(rejected.map(({ line, field }) => [line, field])).toEqual([
    [2, "event"],
    [3, "path"],
    [4, "total_conversions"],
    [5, "total_conversion_value"],
    [6, "total_conversion_value"],
    [7, "total_null"],
  ]);
  expect(events.map(({ line }) => line)).toEqual([9, 9, 9]);
});

test("another header is an error with the expected one", async () => {
  await expect(readAll(readPaths(sourceFile("paths.csv", "a,b\n"), "USD"))).rejects.toThrow(
    PATHS_HEADER,
  );
});

test("PathData comes out whole", async (context) => {
  if (!existsSync(PATHDATA))
    context.skip("the reference data ../shared/data/pathdata/paths.csv is absent");
  const { events, rejected } = await readAll(readPaths(PATHDATA, "USD"));
  expect(rejected).toEqual([]);
  const conversions = events.filter(({ event }) => event.type === "conversion");
  expect(events.length - conversions.length).toBe(378_209);
  expect(conversions).toHaveLength(19_785);
  expect(new Set(events.map(({ event }) => event.id)).size).toBe(events.length);
  const total = conversions.reduce((sum, { event }) => sum + unitsOf(String(event.value)), 0n);
  const expected = readFileSync(PATHDATA, "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .reduce((sum, line) => sum + Number(line.split(",")[2]), 0);
  expect(Number(total) / 1e12).toBeCloseTo(expected, 6);
});
