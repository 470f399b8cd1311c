import { expect, test } from "vitest";
import { lastProblem, logSize } from "../../src/processes/log-files.ts";
import { sourceFile } from "../../../../test/support/data-dir.ts";

const line = (level: number | string, msg: string, more = {}): string =>
  JSON.stringify({ level, msg, ...more });

test("the last error is told, with what caused it, and later information is passed over", () => {
  const log = [
    line(50, "first"),
    line("error", "load failed", { err: { message: "disk full" } }),
    line(30, "stopped"),
  ];
  expect(lastProblem(sourceFile("a.log", log.join("\n")), 0)).toBe("load failed: disk full");
});

test("an uncaught error is told by its message, not by its stack", () => {
  const log = `${line(30, "starting")}\nfile:///main.ts:3\nthrow new Error("x");\n^\n\nError: TRIBUTARY_PORT: expected a number\n    at main.ts:3\n\nNode.js v24.21.0\n`;
  expect(lastProblem(sourceFile("a.log", log), 0)).toBe("Error: TRIBUTARY_PORT: expected a number");
});

test("what an earlier run said is not told again", () => {
  const path = sourceFile("a.log", `${line(50, "of yesterday")}\n`);
  expect(lastProblem(path, logSize(path))).toBeUndefined();
  expect(lastProblem(`${path}.none`, 0)).toBeUndefined();
});
