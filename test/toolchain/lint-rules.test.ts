/**
 * Proves with the real oxlint and the repository's own configuration that each house rule fires:
 * every test plants its files, one run lints them all, and the tests look at what was said of theirs.
 */
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { afterAll, beforeAll, describe, expect, test } from "vitest";

import {
  allowedImports,
  FLOORS,
  packageNames,
  purePackages,
  typesOnly,
} from "./support/package-table.ts";

const root = resolve(import.meta.dirname, "../..");
const planted = new Map<string, string>();
const reported = new Map<string, string[]>();
let folder: string;

/** Registers a file to be linted; a path of its own for each. */
function plant(path: string, ...lines: string[]): string {
  expect(planted.has(path), `${path} is planted once`).toBe(false);
  planted.set(path, `${lines.join("\n")}\n`);
  return path;
}

const rulesAt = (path: string): string[] => reported.get(path) ?? [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-lint-"));
  const copy = join(folder, "repository");
  mkdirSync(copy);
  // Beside the copy and not in it: oxlint would follow the link and lint every package.
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  for (const name of [".oxlintrc.json", "tsconfig.json", "tsconfig.base.json"]) {
    copyFileSync(join(root, name), join(copy, name));
  }
  cpSync(join(root, "lint"), join(copy, "lint"), { recursive: true });
  for (const [path, text] of planted) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
  const run = spawnSync(
    join(root, "node_modules/.bin/oxlint"),
    ["--type-aware", "--deny-warnings", "--format=json"],
    { cwd: copy, encoding: "utf8", timeout: 60_000, maxBuffer: 64 * 1024 * 1024 },
  );
  const { diagnostics } = JSON.parse(run.stdout) as {
    diagnostics: { code: string; filename: string }[];
  };
  expect(run.status).toBe(1);
  for (const { code, filename } of diagnostics) {
    reported.set(filename, [...rulesAt(filename), code]);
  }
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const IMPORTS = "eslint(no-restricted-imports)";
const GLOBALS = "eslint(no-restricted-globals)";
const PROPERTIES = "eslint(no-restricted-properties)";
const DOWNWARD = "tributary(downward)";

const takesValue = (name: string): string[] => [
  `import { thing } from "@tributary/${name}";`,
  "export const it: unknown = thing;",
];
const takesType = (name: string): string[] => [
  `import type { Thing } from "@tributary/${name}";`,
  "export type It = Thing[];",
];

describe("which package may import which", () => {
  for (const from of packageNames) {
    for (const to of packageNames.filter((name) => name !== from)) {
      const allowed = allowedImports[from]?.includes(to) === true;
      for (const place of ["src", "test"]) {
        const types = place === "src" && typesOnly[from]?.includes(to) === true;
        const path = plant(
          `packages/${from}/${place}/imports-${to}.ts`,
          ...(types ? takesType(to) : takesValue(to)),
        );
        test(`${from}/${place} ${allowed ? "may" : "may not"} import ${to}`, () => {
          expect(rulesAt(path)).toEqual(allowed ? [] : [IMPORTS]);
        });
      }
    }
  }

  for (const [from, targets] of Object.entries(typesOnly)) {
    for (const to of targets) {
      const path = plant(`packages/${from}/src/value-${to}.ts`, ...takesValue(to));
      test(`${from}/src may import only types of ${to}`, () => {
        expect(rulesAt(path)).toEqual([IMPORTS]);
      });
    }
  }
  for (const [index, module] of ["node:fs", "msgpackr", "fastify"].entries()) {
    for (const folder of ["core", "browser"]) {
      const path = plant(
        `packages/sdk/src/${folder}/module-${index}.ts`,
        `import * as thing from "${module}";`,
        "export const it: unknown = thing;",
      );
      test(`sdk/src/${folder} may not import ${module}`, () => {
        expect(rulesAt(path)).toContain(IMPORTS);
      });
    }
  }

  const forms = {
    "a type": 'import type { Thing } from "@tributary/reports";\nexport type It = Thing[];',
    "a re-export": 'export { thing } from "@tributary/reports";',
    "a re-export of everything": 'export * from "@tributary/reports";',
    "an import()": 'export const it: unknown = import("@tributary/reports");',
  };
  for (const [index, [form, text]] of Object.entries(forms).entries()) {
    const path = plant(`packages/worker/src/form-${index}.ts`, text);
    test(`holds for ${form}`, () => expect(rulesAt(path)).toContain(IMPORTS));
  }
});

describe("no package reaches into another's files", () => {
  for (const from of packageNames) {
    const other = from === "protocol" ? "telemetry" : "protocol";
    const targets = [
      `@tributary/${other}/src/keys.ts`,
      `@tributary/${other}/package.json`,
      `../../${other}/src/keys.ts`,
      `../../../packages/${other}/src/keys.ts`,
      `../../${other}/test/support/helper.ts`,
    ];
    for (const [index, target] of targets.entries()) {
      const path = plant(
        `packages/${from}/src/reaches-${index}.ts`,
        `import { thing } from "${target}";`,
        "export const it: unknown = thing;",
      );
      test(`${from}: ${target}`, () => expect(rulesAt(path)).toContain(IMPORTS));
    }
  }

  const own = plant(
    "packages/streams/test/lease/own.test.ts",
    'import { thing } from "../../src/lease/lease.ts";',
    'import { helper } from "../support/helper.ts";',
    'import { shared } from "../../../../test/support/redis.ts";',
    "export const it: unknown = [thing, helper, shared];",
  );
  test("its own files, and the repository's test support, are no other package's", () => {
    expect(rulesAt(own)).toEqual([]);
  });
});

describe("folders of a package import downwards", () => {
  const imports = (names: readonly string[]): string[] =>
    names.map((name, i) => {
      const file = name.endsWith(".ts") ? name : `${name}/thing.ts`;
      return `import { thing as thing${i} } from "../${file}";`;
    });
  const uses = (names: readonly string[]): string =>
    `export const it: unknown = [${names.map((_, i) => `thing${i}`).join(", ")}];`;

  for (const [folder, floors] of Object.entries(FLOORS)) {
    const byFloor = floors.map((names) => names.split(" "));
    for (const [floor, names] of byFloor.entries()) {
      const below = byFloor.slice(floor + 1).flat();
      for (const name of names.filter((each) => !each.endsWith(".ts"))) {
        const others = byFloor.slice(0, floor + 1).flat();
        const notBelow = others.filter((other) => other !== name);
        const down = plant(`packages/${folder}/${name}/down.ts`, ...imports(below), uses(below));
        test(`${folder}/${name} may import what is below it`, () => {
          expect(rulesAt(down)).not.toContain(DOWNWARD);
        });
        const up = plant(`packages/${folder}/${name}/up.ts`, ...imports(notBelow), uses(notBelow));
        test(`${folder}/${name} may import nothing beside or above it`, () => {
          expect(rulesAt(up).filter((rule) => rule === DOWNWARD)).toHaveLength(notBelow.length);
        });
      }
    }
  }

  const forms = {
    "a type": 'import type { Thing } from "../http/thing.ts";\nexport type It = Thing[];',
    "a re-export": 'export { thing } from "../http/thing.ts";',
    "a re-export of everything": 'export * from "../http/thing.ts";',
    "an import()": 'export const it: unknown = import("../http/thing.ts");',
    "a type's import()": 'export type It = import("../http/thing.ts").Thing;',
    "a folder that nobody gave a floor": 'export { thing } from "../attic/thing.ts";',
  };
  for (const [index, [form, text]] of Object.entries(forms).entries()) {
    const path = plant(`packages/reports/src/compute/upward-${index}.ts`, text);
    test(`holds for ${form}`, () => expect(rulesAt(path)).toContain(DOWNWARD));
  }
});

describe("pure packages", () => {
  const globals: Record<string, string> = {
    Date: "Date.now()",
    "new Date": "new Date(0)",
    "globalThis.Date": "globalThis.Date",
    performance: "performance.now()",
    process: "process.pid",
    setTimeout: "setTimeout(it, 1)",
    setInterval: "setInterval(it, 1)",
    setImmediate: "setImmediate(it)",
    queueMicrotask: "queueMicrotask(it)",
    fetch: 'fetch("http://localhost")',
    console: "console",
    crypto: "crypto.randomUUID()",
  };
  const modules = [
    "node:fs",
    "node:fs/promises",
    "fs",
    "node:net",
    "node:crypto",
    "node:process",
    "node:timers/promises",
    "node:worker_threads",
    "node:perf_hooks",
    "ioredis",
    "fastify",
    "pino",
    "@opentelemetry/api",
  ];
  for (const name of purePackages) {
    for (const [index, [what, expression]] of Object.entries(globals).entries()) {
      const path = plant(
        `packages/${name}/src/global-${index}.ts`,
        `export const it = (): unknown => ${expression};`,
      );
      test(`${name} may not use ${what}`, () => expect(rulesAt(path)).toContain(GLOBALS));
    }
    for (const [index, module] of modules.entries()) {
      const path = plant(
        `packages/${name}/src/module-${index}.ts`,
        `import * as thing from "${module}";`,
        "export const it: unknown = thing;",
      );
      test(`${name} may not import ${module}`, () => expect(rulesAt(path)).toContain(IMPORTS));
    }
    const random = plant(
      `packages/${name}/src/random.ts`,
      "export const one = Math.random();",
      "export const { random } = Math;",
    );
    test(`${name} may not use Math.random`, () => {
      expect(rulesAt(random)).toEqual([PROPERTIES, PROPERTIES]);
    });
    // Plots are drawn in browsers as well, which have no Buffer.
    const hasBuffer = name !== "plots";
    const folder = { protocol: "entry", plots: "kinds" }[name] ?? "models";
    const clean = plant(
      `packages/${name}/src/${folder}/pure.ts`,
      hasBuffer ? 'import { Buffer } from "node:buffer";' : "const Buffer = { alloc: Array.of };",
      'import { near } from "./near/by.ts";',
      hasBuffer ? 'import { below } from "../errors.ts";' : "const below = 0;",
      "export const it = (now: number): unknown => [Buffer.alloc(1), near, below, Math.max(now, 1)];",
    );
    const own = hasBuffer ? "its own files, node:buffer and Math" : "its own files and Math";
    test(`${name} may use ${own}`, () => {
      expect(rulesAt(clean)).toEqual([]);
    });
    const itsTest = plant(
      `packages/${name}/test/clock.test.ts`,
      'import { readFileSync } from "node:fs";',
      "export const it = (): unknown => [Date.now(), Math.random(), process.env.CI, readFileSync];",
    );
    test(`${name}'s tests may do more`, () => expect(rulesAt(itsTest)).toEqual([]));
  }

  const impure = plant(
    "packages/streams/src/impure.ts",
    'import { readFileSync } from "node:fs";',
    "export const it = (): unknown => [Date.now(), Math.random(), process.pid, readFileSync];",
  );
  test("other packages may do I/O and know the time", () => expect(rulesAt(impure)).toEqual([]));
});

describe("the environment", () => {
  const reads = {
    "process.env.X": "export const it = process.env.REDIS_URL;",
    "process['env']": 'export const it = process["env"];',
    "globalThis.process.env": "export const it = globalThis.process.env;",
    "a destructured process": "export const { env } = process;",
  };
  for (const [index, [what, text]] of Object.entries(reads).entries()) {
    const path = plant(`packages/gateway/src/environment-${index}.ts`, text);
    test(`${what} is not read outside config.ts`, () =>
      expect(rulesAt(path)).toEqual([PROPERTIES]));
  }
  const imported = plant(
    "packages/gateway/src/environment-import.ts",
    'import { env } from "node:process";',
    "export const it = env.REDIS_URL;",
  );
  test("nor imported", () => expect(rulesAt(imported)).toEqual([IMPORTS]));

  for (const place of [
    "packages/gateway/src/config.ts",
    "packages/cli/src/start.ts",
    "packages/gateway/test/environment.test.ts",
    "test/environment.test.ts",
    "scripts/environment.mjs",
  ]) {
    const path = plant(place, "export const it = process.env.REDIS_URL;");
    test(`is read in ${place}`, () => expect(rulesAt(path)).toEqual([]));
  }
});

describe("promises", () => {
  const later = "const later = async (): Promise<number> => await Promise.resolve(1);";
  const cases: Record<string, string> = {
    "no-floating-promises": "later();",
    "no-misused-promises": "if (later()) [1].forEach(later);",
    "await-thenable": "await 1;",
    "only-throw-error": 'const fail = (): never => { throw "text"; };\nfail();\nawait later();',
    "return-await":
      "export const it = async (): Promise<number> => { try { return later(); } catch { return 1; } };",
  };
  for (const [rule, text] of Object.entries(cases)) {
    const path = plant(`packages/streams/src/promise-${rule}.ts`, "export {};", later, text);
    test(rule, () => expect(rulesAt(path)).toContain(`typescript(${rule})`));
  }
});

describe("types and imports", () => {
  const cases: Record<string, string> = {
    "typescript(no-explicit-any)": "export const it = (value: any): unknown => value;",
    "typescript(no-non-null-assertion)": "export const it = (value?: string): string => value!;",
    "typescript(consistent-type-imports)":
      'import { Thing } from "./thing.ts";\nexport const it = (value: Thing): unknown => value;',
    "typescript(switch-exhaustiveness-check)":
      'export const it = (kind: "a" | "b"): void => { switch (kind) { case "a": it("b"); } };',
    "eslint(no-unused-vars)": "const unused = 1;\nexport {};",
    "eslint(eqeqeq)": "export const it = (value: unknown): boolean => value == 1;",
    "eslint(no-console)": 'export const it = (): void => console.log("x");',
    "unicorn(prefer-node-protocol)": 'import fs from "fs";\nexport const it: unknown = fs;',
    "import(no-default-export)": "export default 1;",
  };
  for (const [index, [rule, text]] of Object.entries(cases).entries()) {
    const path = plant(`packages/streams/src/types-${index}.ts`, text);
    test(rule, () => expect(rulesAt(path)).toContain(rule));
  }

  const cycle = plant(
    "packages/streams/src/cycle-a.ts",
    'import { b } from "./cycle-b.ts";',
    "export const a = (): unknown => b;",
  );
  plant(
    "packages/streams/src/cycle-b.ts",
    'import { a } from "./cycle-a.ts";',
    "export const b = (): unknown => a;",
  );
  test("import(no-cycle)", () => expect(rulesAt(cycle)).toContain("import(no-cycle)"));

  const unusedDirective = plant(
    "packages/streams/src/directive.ts",
    "// oxlint-disable-next-line no-console",
    "export const it = 1;",
  );
  test("a directive that suppresses nothing", () => {
    expect(rulesAt(unusedDirective)).not.toEqual([]);
  });

  for (const place of ["packages/cli/src/say.ts", "packages/streams/test/say.test.ts"]) {
    const path = plant(place, 'export const it = (): void => console.log("x");');
    test(`console is there for ${place}`, () => expect(rulesAt(path)).toEqual([]));
  }

  const focused = plant(
    "packages/streams/test/focused.test.ts",
    'import { expect, test } from "vitest";',
    'test.only("one", () => expect(1).toBe(1));',
  );
  test("a focused test", () => expect(rulesAt(focused)).toContain("vitest(no-focused-tests)"));
});
