/** How little a command loads before it does anything: the count holds where a time would hang on the machine. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { startPlatform } from "@tributary/platform";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDir } from "../../../test/support/data-dir.ts";
import { fakeMains } from "../../../test/support/fake-mains.ts";
import { COMMANDS } from "../src/command-list.ts";

const PRELOAD = new URL("./support/loaded-modules.ts", import.meta.url).href;
const MAIN = fileURLToPath(new URL("../bin/tributary.mjs", import.meta.url));

/** Packages that no `--help` needs. */
const HEAVY = [
  "@clickhouse/client",
  "@opentelemetry/api",
  "apache-arrow",
  "chdb",
  "fastify",
  "ioredis",
  "pino",
  "piscina",
  "prom-client",
  "undici",
];

interface Loaded {
  readonly urls: readonly string[];
  readonly cacheDir: string | null;
}

function loadedBy(args: readonly string[], env: Readonly<Record<string, string>> = {}): Loaded {
  const file = join(temporaryDir(), "modules.json");
  const { NODE_COMPILE_CACHE: _, ...inherited } = process.env;
  const run = spawnSync(process.execPath, ["--import", PRELOAD, MAIN, ...args], {
    encoding: "utf8",
    env: { ...inherited, ...env, LOADED_MODULES: file },
  });
  expect({ status: run.status, stderr: run.stderr }).toEqual({ status: 0, stderr: "" });
  return JSON.parse(readFileSync(file, "utf8")) as Loaded;
}

/** Names of the npm packages that modules are of. */
function packagesOf(urls: readonly string[]): string[] {
  const names = urls.map((url) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

test.each(["--version", "--help"])("%s loads the command line's own modules only", (flag) => {
  const { urls } = loadedBy([flag]);
  expect(packagesOf(urls)).toEqual(["commander"]);
  expect(urls.filter((url) => url.includes("/src/commands/"))).toEqual([]);
  expect(urls.length).toBeLessThan(40);
});

test.each(COMMANDS.map(({ name }) => name))(
  "%s --help loads nothing of a service or an engine",
  { timeout: 60_000 },
  (name) => {
    const { urls } = loadedBy([name, "--help"]);
    expect(packagesOf(urls)).toContain("commander");
    expect(packagesOf(urls).filter((loaded) => HEAVY.includes(loaded))).toEqual([]);
  },
);

test(
  "what asks a running platform's reports loads none of it either",
  { timeout: 60_000 },
  async () => {
    const dataDir = temporaryDir();
    const platform = await startPlatform({ dataDir, port: 0, mains: fakeMains });
    onTestFinished(() => platform.stop());
    for (const name of ["report", "lag"]) {
      const { urls } = loadedBy([name, "--json", "--data", dataDir]);
      expect(packagesOf(urls)).toContain("zod");
      expect(packagesOf(urls).filter((loaded) => HEAVY.includes(loaded))).toEqual([]);
    }
  },
);

test("every name in the list of heavy packages is one that an action loads", () => {
  // A heavy package of another name would pass unseen: each is one that the lock file has.
  const lock = readFileSync(new URL("../../../pnpm-lock.yaml", import.meta.url), "utf8");
  expect(HEAVY.filter((name) => !new RegExp(`^  '?${name}@`, "m").test(lock))).toEqual([]);
});

test("compiled code is kept beside the package, or in NODE_COMPILE_CACHE", () => {
  const own = fileURLToPath(new URL("../node_modules/.cache/compile/", import.meta.url));
  expect(loadedBy(["--version"]).cacheDir).toContain(own);
  const dir = temporaryDir();
  expect(loadedBy(["--version"], { NODE_COMPILE_CACHE: dir }).cacheDir).toContain(dir);
  expect(loadedBy(["--version"], { NODE_DISABLE_COMPILE_CACHE: "1" }).cacheDir).toBeNull();
});
