import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryDir } from "../../../../../test/support/data-dir.ts";
import { runCli } from "../../support/run-cli.ts";

const DATA = fileURLToPath(new URL("../../../../../../shared/data", import.meta.url));
const ABSENT = "the reference data ../shared/data is absent";

const run = (...args: string[]) => runCli(["accuracy", ...args], { cwd: temporaryDir() });

const FILES = [
  "pathdata/paths.csv",
  "pathdata/expected.json",
  "fractribution/example_path_summary.csv",
  "fractribution/published_channel_totals.json",
  "small_goldens.json",
];

/** A copy of the reference data that can be written to, whatever may be done with the original. */
function copyOfData(): string {
  const dir = temporaryDir();
  for (const folder of ["pathdata", "fractribution"]) mkdirSync(join(dir, folder));
  for (const file of FILES) writeFileSync(join(dir, file), readFileSync(join(DATA, file)));
  return dir;
}

function replace(file: string, from: string, to: string): void {
  const text = readFileSync(file, "utf8");
  expect(text).toContain(from);
  writeFileSync(file, text.replace(from, to));
}

test("every figure of the reference data is met", async (context) => {
  if (!existsSync(DATA)) context.skip(ABSENT);
  const { code, stdout, stderr } = await run(DATA, "--json");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const report: unknown = JSON.parse(stdout);
  expect(report).toEqual({
    cases: 415,
    failed: 0,
    maxRelativeError: expect.any(Number),
    failures: [],
  });
  expect(report).toHaveProperty(
    "maxRelativeError",
    expect.toSatisfy((error) => error < 1e-9),
  );
});

test("a figure that is not met is shown, and the exit code is 1", async (context) => {
  if (!existsSync(DATA)) context.skip(ABSENT);
  const dir = copyOfData();
  replace(join(dir, "pathdata/expected.json"), '"alpha": 6308.0', '"alpha": 6309.0');
  const table = await run(dir);
  expect({ code: table.code, stderr: table.stderr }).toEqual({ code: 1, stderr: "" });
  expect(table.stdout).toMatch(/PathData +first_touch: alpha +FAILED +6309 +6308 +-1\.0e\+0/);
  expect(table.stdout).toContain("1 of 415 failed");
  const json = await run(dir, "--json");
  expect(JSON.parse(json.stdout)).toMatchObject({
    failed: 1,
    failures: [{ source: "PathData", figure: "first_touch: alpha", expected: 6309, got: 6308 }],
  });
});

test("an invalid file is named, with the place in it", async (context) => {
  if (!existsSync(DATA)) context.skip(ABSENT);
  const dir = copyOfData();
  replace(
    join(dir, "pathdata/paths.csv"),
    "eta > iota > alpha > eta,1,",
    "eta > iota > alpha > eta,x,",
  );
  const csv = await run(dir);
  expect(csv).toMatchObject({ code: 1, stdout: "" });
  expect(csv.stderr).toContain(
    "paths.csv is not as expected: rows[0].conversions: expected a finite",
  );
  writeFileSync(join(dir, "pathdata/paths.csv"), readFileSync(join(DATA, "pathdata/paths.csv")));
  replace(join(dir, "small_goldens.json"), '"p_conv": 0.3333333333333333', '"p_conv": "a third"');
  const json = await run(dir);
  expect(json).toMatchObject({ code: 1, stdout: "" });
  expect(json.stderr).toContain("test.js / p_conv: Invalid input: expected number");
});

test("a missing folder, a file, or a folder with other content is an error with a sentence", async () => {
  const dir = temporaryDir();
  const missing = await run(join(dir, "none"));
  expect(missing).toMatchObject({ code: 1, stdout: "" });
  expect(missing.stderr).toContain("cannot be read: there is no such folder");
  writeFileSync(join(dir, "file"), "");
  expect((await run(join(dir, "file"))).stderr).toContain("is not a folder");
  const empty = await run(dir);
  expect(empty).toMatchObject({ code: 1, stdout: "" });
  expect(empty.stderr).toContain("fractribution/published_channel_totals.json cannot be read");
  mkdirSync(join(dir, "fractribution"));
  writeFileSync(join(dir, "fractribution/published_channel_totals.json"), "[1,");
  expect((await run(dir)).stderr).toContain("published_channel_totals.json is no JSON");
  expect(await run()).toMatchObject({ code: 2, stdout: "" });
});
