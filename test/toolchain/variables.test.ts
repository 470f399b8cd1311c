/** Every variable of ours that the code reads is known to all services, and no other. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  refuseUnknownVariables,
  SCRIPT_NAMES,
  SETTING_NAMES,
} from "../../packages/service/src/index.ts";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const NAME = /\bTRIBUTARY_[A-Z0-9_]*[A-Z0-9]\b/g;
/** They hold names to be refused, and all names. */
const APART = ["test/e2e/refused-starts.test.ts", "packages/service"];

/** The names in the files of a folder. */
function namesIn(folder: string): Set<string> {
  const names = new Set<string>();
  for (const entry of readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isFile() || path.includes("node_modules")) continue;
    if (APART.some((apart) => path.startsWith(join(ROOT, apart)))) continue;
    for (const [name] of readFileSync(path, "utf8").matchAll(NAME)) names.add(name);
  }
  return names;
}

const packages = readdirSync(join(ROOT, "packages"));
const inSources = new Set(packages.flatMap((name) => [...namesIn(`packages/${name}/src`)]));
/** Declared once for several services. */
for (const file of ["environment.ts", "redis-rules.ts"]) {
  const text = readFileSync(join(ROOT, "packages/service/src", file), "utf8");
  for (const [name] of text.matchAll(NAME)) inSources.add(name);
}

test("the settings are those that services and command read", () => {
  expect([...SETTING_NAMES]).toEqual([...inSources].toSorted());
});

test("the others are those of scripts, tests and deployment", () => {
  const outside = new Set(["scripts", "test", "deploy"].flatMap((folder) => [...namesIn(folder)]));
  const others = [...outside].filter((name) => !inSources.has(name)).toSorted();
  expect([...SCRIPT_NAMES]).toEqual(others);
});

test("what the documentation names is known", () => {
  const documented = [...namesIn("docs")].filter((name) => !name.endsWith("_"));
  const all = Object.fromEntries(documented.map((name) => [name, "x"]));
  expect(() => refuseUnknownVariables(all)).not.toThrow();
});
