/** The words of docs/glossary.md, held against the names that packages export and the files that they are in. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { FLOORS, packageNames } from "./support/package-table.ts";

const root = resolve(import.meta.dirname, "../..");
const glossary = readFileSync(join(root, "docs/glossary.md"), "utf8");

/** The first cells of the table below a heading. */
function firstCells(heading: string): string[] {
  const table = glossary.split(`## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";
  return [...table.matchAll(/^\| ([^|]+?) +\|/gm)].map((match) => match[1] ?? "").slice(2);
}

const bare = new Set(
  firstCells("Words that are not used alone")
    .flatMap((cell) => cell.split(", "))
    .flatMap((word) => [word, `${word}s`]),
);

/** Names that a source exports, in lower case without separators. */
function exportedNames(source: string): string[] {
  const declared = source.matchAll(
    /^export (?:declare )?(?:async )?(?:function|class|const|let|type|interface)\*? (\w+)/gm,
  );
  const listed = source.matchAll(/^export (?:type )?\{([^}]*)\}/gm);
  return [
    ...[...declared].map((match) => match[1] ?? ""),
    ...[...listed].flatMap((match) =>
      (match[1] ?? "").split(",").map((name) => name.trim().split(/\s+/).at(-1) ?? ""),
    ),
  ].filter((name) => name !== "");
}

describe("the glossary", () => {
  test("has words that are not used alone", () => {
    expect(bare).toContain("intake");
    expect(bare).toContain("position");
    expect(bare.size).toBeGreaterThan(20);
  });

  test("names places that exist", () => {
    const places = [...glossary.matchAll(/`([a-z-]+\/src\/[\w./-]+)`/g)].map((match) => match[1]);
    expect(places.length).toBeGreaterThan(30);
    expect(places.filter((place) => !existsSync(join(root, "packages", place ?? "")))).toEqual([]);
  });
});

describe("names that say too little are not used alone", () => {
  test.each(packageNames)("%s", (name) => {
    const src = join(root, "packages", name, "src");
    const files = readdirSync(src, { recursive: true, encoding: "utf8" });
    const sources = files.filter((file) => file.endsWith(".ts"));
    expect(sources.length).toBeGreaterThan(0);
    const found = sources.flatMap((file) => {
      const base = file.split("/").at(-1)?.slice(0, -".ts".length) ?? "";
      const exported = exportedNames(readFileSync(join(src, file), "utf8"));
      const names = base === "index" ? exported : [base, ...exported];
      return names.filter((each) => bare.has(each.toLowerCase())).map((each) => `${file}: ${each}`);
    });
    expect(found).toEqual([]);
  });
});

test("a bare word is found where one is exported", () => {
  const source = "export class Intake {}\nexport { a as Position, type Index } from './b.ts';\n";
  expect(exportedNames(source).filter((name) => bare.has(name.toLowerCase()))).toEqual([
    "Intake",
    "Position",
    "Index",
  ]);
});

describe("docs/architecture.md", () => {
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const diagrams = join(root, "docs/diagrams");
  const sources = readdirSync(diagrams).filter((name) => name.endsWith(".mmd"));

  test.each(sources)("%s is drawn as it is written, and shown", (name) => {
    const source = readFileSync(join(diagrams, name), "utf8");
    const picture = readFileSync(join(diagrams, name.replace(".mmd", ".svg")), "utf8");
    const digest = createHash("sha256").update(source).digest("hex");
    expect(picture.startsWith(`<!-- source ${digest} -->`), "npm run diagrams draws it").toBe(true);
    expect(page).toContain(`diagrams/${name.replace(".mmd", ".svg")}`);
  });

  test.each(sources)("%s names files that exist", (name) => {
    const source = readFileSync(join(diagrams, name), "utf8");
    const files = [...source.matchAll(/[a-z-]+\/src\/[\w./-]+\.(?:ts|lua)/g)].map(([file]) => file);
    expect(files.length).toBeGreaterThan(3);
    expect(files.filter((file) => !existsSync(join(root, "packages", file)))).toEqual([]);
  });

  test("says what every folder is for", () => {
    const folders = Object.entries(FLOORS).flatMap(([folder, floors]) => {
      const nested = folder.split("/src/")[1];
      return floors
        .flatMap((names) => names.split(" "))
        .filter((name) => !name.includes("."))
        .map((name) => (nested === undefined ? name : `${nested}/${name}`));
    });
    expect(folders.length).toBeGreaterThan(40);
    expect(folders.filter((folder) => !page.includes(`\`${folder}\``))).toEqual([]);
  });
});
