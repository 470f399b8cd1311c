/** Rules of this repository's own: which folder inside a package may import which. */
import { readFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";

/**
 * The floors of each package, from the top down: what stands in a line of floors.json may import what stands in lines
 * below it, never what stands beside or above it. A name is a folder, with all that is in it, or a file. A package's
 * tests import what they like of their own package.
 *
 * @type {Readonly<Record<string, readonly string[]>>} by folder inside `packages`; names separated by spaces
 */
const FLOORS = JSON.parse(readFileSync(new URL("floors.json", import.meta.url), "utf8"));

const floorsOf = new Map(
  Object.entries(FLOORS).map(([folder, floors]) => [
    folder,
    new Map(floors.flatMap((names, floor) => names.split(" ").map((name) => [name, floor]))),
  ]),
);

/** The first part of a path inside a folder of `packages`; undefined where the path is elsewhere. */
function nameIn(folder, path) {
  const inside = relative(resolve(folder), path);
  return inside.startsWith("..") ? undefined : inside.split(sep)[0];
}

/** What is wrong with an import of one file by another; undefined where nothing is. */
function wrong(packages, from, to) {
  for (const [folder, floors] of floorsOf) {
    const importer = nameIn(resolve(packages, folder), from);
    const imported = nameIn(resolve(packages, folder), to);
    if (importer === undefined || imported === undefined || importer === imported) continue;
    const floor = floors.get(importer);
    if (floor === undefined)
      return `${folder}/${importer} has no floor: give it one in lint/floors.json.`;
    const below = floors.get(imported);
    if (below === undefined)
      return `${folder}/${imported} has no floor: give it one in lint/floors.json.`;
    if (below <= floor) {
      return `${folder}/${importer} may not import ${imported}, which is not below it (lint/floors.json).`;
    }
  }
  return undefined;
}

const downward = {
  create(context) {
    const from = context.filename;
    const at = from.lastIndexOf(`${sep}packages${sep}`);
    if (at < 0) return {};
    const packages = from.slice(0, at + `${sep}packages`.length);
    const check = (node, source) => {
      if (typeof source?.value !== "string" || !source.value.startsWith(".")) return;
      const message = wrong(packages, from, resolve(dirname(from), source.value));
      if (message !== undefined) context.report({ node, message });
    };
    return {
      ImportDeclaration: (node) => check(node, node.source),
      ExportNamedDeclaration: (node) => check(node, node.source),
      ExportAllDeclaration: (node) => check(node, node.source),
      ImportExpression: (node) => check(node, node.source),
      TSImportType: (node) => check(node, node.source ?? node.argument?.literal),
    };
  },
};

export default { meta: { name: "tributary" }, rules: { downward } };
