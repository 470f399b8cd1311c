import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryDir } from "../../../test/support/data-dir.ts";
import { runCli } from "./support/run-cli.ts";

const run = (...args: string[]) => runCli(args, { cwd: temporaryDir() });

test.each([
  [],
  ["start"],
  ["up"],
  ["replay"],
  ["report"],
  ["conversion"],
  ["chaos"],
  ["lag"],
  ["groups"],
  ["dead-letters"],
  ["books"],
  ["accuracy"],
])("%s --help teaches with examples", async (...command) => {
  const { code, stdout, stderr } = await run(...command, "--help");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toContain("Usage: tributary");
  expect(stdout).toContain("Examples:\n  tributary");
  expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
});

test.each([
  [
    ["up", "--workers", "0"],
    "option '--workers <n>' argument '0' is invalid. Expected an integer from 1 to 64.",
  ],
  [["up", "--port", "70000"], "argument '70000' is invalid. Expected an integer from 0 to 65535."],
  [["start", "--once=yes"], "error: "],
  [["replay"], "missing required argument 'file'"],
  [["replay", "x.csv", "--format", "xml"], "Allowed choices are csv, ndjson, msgpack, paths."],
  [["replay", "x.csv", "--map", "colour=x"], '"colour" is no field of an event; expected one of'],
  [["replay", "x.csv", "--currency", "EURO"], "Expected an ISO 4217 code such as EUR."],
  [["report", "--model", "best"], '"best" is not one of first_touch, last_touch'],
  [["report", "--by", "channel,campaign,source"], "Expected at most 2 dimensions, got 3."],
  [["report", "--from", "1.10."], "Expected a day such as 2026-10-01"],
  [["report", "--as-of", "yesterday"], "option '--as-of <time>' argument 'yesterday' is invalid."],
  [["conversion"], "missing required argument 'id'"],
  [["changes"], "required option '--since <time>' not specified"],
  [["conversion", "c", "--as-of", "12:00"], "Expected a day such as 2026-10-01"],
  [["report", "--json", "--csv"], "'--json' cannot be used with option '--csv'"],
  [["report", "--window", "30"], "Expected a whole number and its unit"],
  [["lag", "--url", "localhost"], "Expected an address such as http://127.0.0.1:8080."],
  [["books", "--redis", "localhost"], "Expected an address such as redis://127.0.0.1:6379."],
  [["dead-letters", "show", "17-0"], "Expected an ID as list prints it"],
  [["dead-letters", "replay"], "expected either IDs"],
  [["dead-letters", "discard", "--all"], "give --yes as well, or the IDs"],
  [["dead-letters", "discard", "p00/1-0", "--all"], "expected either IDs"],
  [["groups", "drain"], "missing required argument 'worker'"],
  [["replai"], "Did you mean replay?"],
])("%j is bad usage, with a sentence", async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

test.each([
  [["report"], "the folder holds no reports; start one with `tributary up`"],
  [["conversion", "c"], "the folder holds no reports; start one with `tributary up`"],
  [["lag"], "no platform runs on .tributary; start one with `tributary up`"],
  [["lag", "--url", "http://127.0.0.1:1"], "no reports at http://127.0.0.1:1"],
  [["books"], "no platform runs on .tributary; start one with `tributary up`"],
  [["groups", "--redis", "redis://:secret@127.0.0.1:1"], "no Redis answers at redis://"],
  [["dead-letters", "list"], "or give --redis with the address of its Redis"],
  [["replay", "none.csv"], "none.csv cannot be read: there is no such file"],
  [["replay", "."], ". is not a file"],
])("%j fails with a sentence and nothing on standard output", async (args, message) => {
  const { code, stdout, stderr } = await run(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(message);
  expect(stderr).not.toContain("    at ");
});

test("a wrong REDIS_URL is bad usage, and is not repeated: it may hold a password", async () => {
  const { code, stderr } = await runCli(["up"], {
    cwd: temporaryDir(),
    env: { REDIS_URL: "http://:secret@h" },
  });
  expect(code).toBe(2);
  expect(stderr).toContain("REDIS_URL is not a Redis address");
  expect(stderr).not.toContain("secret");
});

test("without Redis on the PATH the error explains how to install one", async () => {
  const { code, stderr } = await runCli(["up", "--port", "0"], {
    cwd: temporaryDir(),
    env: { PATH: "/nonexistent" },
  });
  expect(code).toBe(1);
  expect(stderr).toContain("sudo apt-get install redis-server");
});

test("a map that does not fit the file is bad usage before anything is sent", async () => {
  const cwd = temporaryDir();
  writeFileSync(join(cwd, "a.csv"), "who,when\n");
  const { code, stderr } = await runCli(["replay", "a.csv", "--url", "http://127.0.0.1:1"], {
    cwd,
  });
  expect(code).toBe(2);
  expect(stderr).toContain(
    "a.csv has no column for type, time, user or anonymous; it has who, when",
  );
});
