import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { makeFolder } from "../src/index.ts";

it("makes what is missing, for this user alone, and takes what is there", () => {
  const root = mkdtempSync(join(tmpdir(), "tributary-folder-"));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  const deep = join(root, "a", "b", "c");
  makeFolder(deep);
  makeFolder(deep);
  for (const folder of [join(root, "a"), deep]) expect(statSync(folder).mode & 0o777).toBe(0o700);
  writeFileSync(join(root, "file"), "");
  expect(() => makeFolder(join(root, "file"))).toThrow("is no folder");
  expect(() => makeFolder(join(root, "file", "x"))).toThrow(/ENOTDIR/);
});

it.skipIf(!existsSync("/proc/self"))("fails where nothing can be made", () => {
  expect(() => makeFolder("/proc/nope/deeper")).toThrow(/ENOENT|EACCES|EPERM/);
});
