import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";

const BENCH = fileURLToPath(new URL("bench/reports.ts", import.meta.url));
const PATHS = `path,total_conversions,total_conversion_value,total_null
a > b > a,3,30,2
b,1,10,5
`;

test("the reports bench fills a warehouse, asks, and prints its figures as one JSON object", async () => {
  const folder = await mkdtemp(join(tmpdir(), "tributary-paths-"));
  onTestFinished(async () => rm(folder, { recursive: true }));
  await writeFile(join(folder, "paths.csv"), PATHS);
  const sizes = ["--touchpoints", "20000", "--conversions", "500", "--runs", "1"];
  const { stdout } = await promisify(execFile)(process.execPath, [
    BENCH,
    ...sizes,
    "--path-data",
    folder,
  ]);
  const { touchpoints, reportMs, pathDataMs } = JSON.parse(stdout) as {
    touchpoints: number;
    reportMs: Record<string, Record<string, unknown>>;
    pathDataMs: Record<string, number>;
  };
  expect(touchpoints).toBe(20_000);
  expect(Object.keys(reportMs)).toEqual(["streamed", "facts", "overPaths", "repeated"]);
  expect(Object.keys(reportMs["facts"] ?? {})).toEqual(["first", "fortyDays", "again"]);
  expect(pathDataMs).toMatchObject({ paths: 2 });
  for (const ms of Object.values({ ...reportMs["streamed"], ...reportMs["repeated"] })) {
    expect(ms).toBeGreaterThan(0);
  }
});
