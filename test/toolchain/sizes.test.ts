/** The sizes of files, functions and folders: what is larger is several things. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { functionSizes, luaFunctionSizes } from "./support/size.ts";
import { packageNames } from "./support/package-table.ts";

const MOST_FILE_LINES = 300;
const MOST_FUNCTION_LINES = 70;
const MOST_FOLDER_FILES = 16;

/** Lists of data, an entry after the other. */
const LISTS = ["telemetry/src/metrics/names.ts"];

const root = resolve(import.meta.dirname, "../../packages");
const sources = packageNames.flatMap((name) =>
  readdirSync(join(root, name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:ts|mjs|js|lua)$/.test(file))
    .map((file) => join(name, "src", file)),
);
const textOf = (path: string): string => readFileSync(join(root, path), "utf8");

/** The functions of a source that are too long, with their lines. */
function longFunctions(path: string, text: string): string[] {
  const sizes = path.endsWith(".lua") ? luaFunctionSizes(text) : functionSizes(text);
  return sizes
    .filter(({ lines }) => lines > MOST_FUNCTION_LINES)
    .map(({ name, lines }) => `${path}: ${lines} lines: ${name}`);
}

describe("sources", () => {
  test("files are short", () => {
    expect(sources.length).toBeGreaterThan(400);
    const long = sources
      .filter((path) => !LISTS.includes(path))
      .map((path) => ({ path, lines: textOf(path).split("\n").length - 1 }))
      .filter(({ lines }) => lines > MOST_FILE_LINES);
    expect(long).toEqual([]);
  });

  test("functions fit a screen", () => {
    expect(sources.flatMap((path) => longFunctions(path, textOf(path)))).toEqual([]);
  });

  test("folders can be taken in at a glance", () => {
    const folders = Map.groupBy(sources, (path) => dirname(path));
    const full = [...folders]
      .map(([folder, files]) => ({ folder, files: files.length }))
      .filter(({ files }) => files > MOST_FOLDER_FILES);
    expect(full).toEqual([]);
  });
});

describe("the measure", () => {
  const body = (lines: number, indent: string): string => `${indent}work();\n`.repeat(lines);

  test.each([
    ["a function", (lines: number) => `export function f(): void {\n${body(lines, "  ")}}\n`],
    [
      "a signature of several lines",
      (lines: number) =>
        `async function f(\n  one: string,\n): Promise<void> {\n${body(lines - 2, "  ")}}\n`,
    ],
    [
      "a method",
      (lines: number) => `class A {\n  async #f(): Promise<void> {\n${body(lines, "    ")}  }\n}\n`,
    ],
    ["an arrow", (lines: number) => `const f = () => {\n${body(lines, "  ")}};\n`],
    ["an arrow in a call", (lines: number) => `call(() => {\n${body(lines, "  ")}});\n`],
  ])("sees %s that is a line too long", (_, source) => {
    expect(longFunctions("a.ts", source(MOST_FUNCTION_LINES - 2))).toEqual([]);
    expect(longFunctions("a.ts", source(MOST_FUNCTION_LINES - 1))).toHaveLength(1);
  });

  test("sees a Lua function that is a line too long", () => {
    const source = (lines: number) => `local function f()\n${body(lines, "  ")}end\n`;
    expect(longFunctions("a.lua", source(MOST_FUNCTION_LINES - 2))).toEqual([]);
    expect(longFunctions("a.lua", source(MOST_FUNCTION_LINES - 1))).toHaveLength(1);
  });

  test("takes no class, type or control block for a function", () => {
    const long = ["class A {", "interface A {", "const a = {", "if (\n  b\n) {", "for (;;) {"];
    const found = long.map((head) => functionSizes(`${head}\n${body(100, "  ")}}\n`).length);
    expect(found).toEqual([0, 0, 0, 0, 0]);
  });

  test("finds the functions that there are", () => {
    const found = sources
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) => functionSizes(textOf(path)));
    expect(found.length).toBeGreaterThan(2000);
  });
});
