/** The repository's own tidiness: what no compiler and no linter looks at. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

import { describe, expect, test } from "vitest";

import { allowedImports, FLOORS, packageNames } from "./support/package-table.ts";

interface Manifest {
  name: string;
  version: string;
  license: string;
  private: boolean;
  packageManager?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
}

const root = resolve(import.meta.dirname, "../..");
const text = (path: string): string => readFileSync(join(root, path), "utf8");
const manifest = (folder: string): Manifest =>
  JSON.parse(text(join(folder, "package.json"))) as Manifest;

const packageFolders = packageNames.map((name) => `packages/${name}`);
const dependenciesOf = ({ dependencies, devDependencies }: Manifest): [string, string][] =>
  Object.entries({ ...dependencies, ...devDependencies });

/** Committed or about to be; ignored files are nobody's business. */
const files = spawnSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .stdout?.split("\0")
  .filter((path) => path !== "" && existsSync(join(root, path)));

describe("packages", () => {
  test("each folder of packages is in the table of allowed imports", () => {
    const folders = readdirSync(join(root, "packages"), { withFileTypes: true });
    const names = folders.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
    expect(names.toSorted()).toEqual(packageNames.toSorted());
  });

  test.each(packageNames)("%s depends on no more of ours than it may import", (name) => {
    const ours = dependenciesOf(manifest(`packages/${name}`))
      .map(([dependency]) => dependency)
      .filter((dependency) => dependency.startsWith("@tributary/"));
    const allowed = (allowedImports[name] ?? []).map((other) => `@tributary/${other}`);
    expect(allowed).toEqual(expect.arrayContaining(ours));
  });

  test.each([".", ...packageFolders])("%s names each version in the catalog only", (folder) => {
    const others = dependenciesOf(manifest(folder)).filter(
      ([name, version]) =>
        version !== (name.startsWith("@tributary/") ? "workspace:*" : "catalog:"),
    );
    expect(others).toEqual([]);
  });

  test.each(Object.entries(FLOORS))("all that is in %s has one floor", (folder, floors) => {
    const names = floors.flatMap((floor) => floor.split(" "));
    expect(names.toSorted()).toEqual(readdirSync(join(root, "packages", folder)).toSorted());
  });

  test("what the catalog lists is used", () => {
    const listed =
      text("pnpm-workspace.yaml")
        .split(/^catalog:$/m)[1]
        ?.split(/^\S/m)[0] ?? "";
    const names = [...listed.matchAll(/^ {2}'?([^':\s]+)'?:/gm)].map((match) => match[1]);
    const used = [".", ...packageFolders].flatMap((folder) =>
      dependenciesOf(manifest(folder)).map(([name]) => name),
    );
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => name !== undefined && !used.includes(name))).toEqual([]);
  });

  test("all are private, of one version and one licence", () => {
    const all = [".", ...packageFolders].map(manifest);
    expect(new Set(all.map((each) => each.version)).size).toBe(1);
    expect(new Set(all.map((each) => each.license))).toEqual(new Set(["Apache-2.0"]));
    expect(all.every((each) => each.private)).toBe(true);
  });

  test("one exact pnpm is named, and the Node of .nvmrc is the one that is installed", () => {
    expect(manifest(".").packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+$/);
    const node = /^ {2}node: \D*(\d+)\./m.exec(text("pnpm-workspace.yaml"))?.[1];
    expect(text(".nvmrc").trim()).toBe(node);
    expect(process.versions.node.split(".")[0]).toBe(node);
  });
});

test("pnpm-lock.yaml names no hosts", () => {
  const lines = text("pnpm-lock.yaml").split("\n");
  // A package's author may name a page where it is said why the package is deprecated.
  const withHost = lines.filter((line) => /https?:\/\//.test(line) && !/^ +deprecated:/.test(line));
  expect(withHost).toEqual([]);
});

describe.skipIf(files === undefined || files.length === 0)("files", () => {
  const contents = (files ?? [])
    .map((path) => ({ path, bytes: readFileSync(join(root, path)) }))
    .filter(({ bytes }) => !bytes.subarray(0, 8_000).includes(0))
    .map(({ path, bytes }) => ({ path, content: bytes.toString("utf8") }));
  const holding = (pattern: RegExp): string[] =>
    contents.filter(({ content }) => pattern.test(content)).map(({ path }) => path);

  test("none holds a path of somebody's machine", () => {
    // ann is nobody: the person of examples.
    expect(holding(/(?<![\w.~}-])\/(?:home|root|work|Users)\/(?!ann\/)\w/)).toEqual([]);
  });

  test("none holds a conflict", () => {
    expect(holding(/^(?:<{7}|>{7}|\|{7}) /m)).toEqual([]);
  });

  test("none ends its lines with a carriage return", () => {
    expect(holding(/\r\n/)).toEqual([]);
  });
});
