/** Every documented `node FILE` works with the Node that the README promises, which reads no TypeScript. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const BIN = join(ROOT, "node_modules", ".bin");

const PAGES = /\.(?:md|mjs|yaml|service|sh)$|^\.ci\/run$/;
/** The machine's own Node, and the one that set-up installed. */
const MACHINE_NODE = /(?<![\w./-])node +([\w@./-]+\.[cm]?[jt]s)\b/g;
const INSTALLED_NODE = /node_modules\/\.bin\/node +([\w@./-]+\.[cm]?[jt]s)\b/g;

const pages = spawnSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: ROOT,
  encoding: "utf8",
})
  .stdout.split("\n")
  .filter((path) => PAGES.test(path) && existsSync(join(ROOT, path)));

function commandsOf(pattern: RegExp): { page: string; file: string }[] {
  return pages.flatMap((page) =>
    [...readFileSync(join(ROOT, page), "utf8").matchAll(pattern)].map(([, file = ""]) => ({
      page,
      file,
    })),
  );
}

/** A program and what it imports of ours, statically or not. */
function modulesOf(file: string): string[] {
  const found = new Set([resolve(ROOT, file)]);
  for (const path of found) {
    const text = readFileSync(path, "utf8");
    for (const [, specifier = ""] of text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)) {
      found.add(resolve(dirname(path), specifier));
    }
  }
  return [...found].map((path) => relative(ROOT, path));
}

/** A Node of this machine that is not the installed one, where there is one. */
function machineNode(): { path: string; major: number } | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, "node");
    if (folder === BIN || !existsSync(path)) continue;
    const version = spawnSync(path, ["--version"], { encoding: "utf8" }).stdout;
    const major = Number(/^v(\d+)/.exec(version)?.[1]);
    if (major >= 20 && major < 24) return { path, major };
  }
  return undefined;
}

const machine = commandsOf(MACHINE_NODE);
const programs = [...new Set(machine.map(({ file }) => file))];

test("the pages name programs", () => {
  expect(programs).toEqual(expect.arrayContaining(["deploy/verify.mjs", "scripts/setup.mjs"]));
  expect(commandsOf(INSTALLED_NODE).length).toBeGreaterThan(0);
});

test("what runs with the machine's Node is plain JavaScript", () => {
  expect(machine.filter(({ file }) => !file.endsWith(".mjs"))).toEqual([]);
});

test("every program that a page names is there", () => {
  const all = [...machine, ...commandsOf(INSTALLED_NODE)];
  expect(all.filter(({ file }) => !existsSync(join(ROOT, file)))).toEqual([]);
});

describe.each(programs.filter((file) => file.endsWith(".mjs")))("%s", (file) => {
  const modules = modulesOf(file);

  test("loads no TypeScript, and hands its own Node to nothing", () => {
    expect(modules.filter((path) => !path.endsWith(".mjs"))).toEqual([]);
    // What it starts may be TypeScript: that takes the installed Node.
    const hands = modules.filter((path) =>
      /process\.execPath|process\.argv0|\bfork\(/.test(readFileSync(join(ROOT, path), "utf8")),
    );
    expect(hands).toEqual([]);
  });

  test.skipIf(machineNode() === undefined)("is read by the machine's Node", () => {
    const node = machineNode()?.path ?? "";
    for (const path of modules) {
      const { status, stderr } = spawnSync(node, ["--check", path], {
        cwd: ROOT,
        encoding: "utf8",
      });
      expect({ path, status, stderr }).toEqual({ path, status: 0, stderr: "" });
    }
  });
});

test.skipIf(machineNode() === undefined)(
  "deploy/verify.mjs --quick comes to its end with the machine's Node",
  { timeout: 120_000 },
  () => {
    const { path = "" } = machineNode() ?? {};
    const env = {
      ...process.env,
      PATH: `${dirname(path)}${delimiter}${process.env["PATH"] ?? ""}`,
    };
    const { stdout } = spawnSync(path, ["deploy/verify.mjs", "--quick"], {
      cwd: ROOT,
      encoding: "utf8",
      env,
    });
    expect(stdout.trim().split("\n").at(-1)).toMatch(/^\d+ passed, 0 failed(, \d+ skipped)?$/);
  },
);

test("packages' scripts need no word of this: npm puts the installed Node first", () => {
  const folders = readdirSync(join(ROOT, "packages")).map((name) => join("packages", name));
  const scripts = ["", ...folders].flatMap((folder) => {
    const path = join(ROOT, folder, "package.json");
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { scripts?: Record<string, string> };
    return Object.values(manifest.scripts ?? {});
  });
  const files = scripts.flatMap((script) => [...script.matchAll(MACHINE_NODE)].map(([, f]) => f));
  expect(files.filter((file) => !existsSync(join(ROOT, file ?? "")))).toEqual([]);
});
