/** Set-up on machines that lack something: it goes on where it can, else it says one sentence. */
import { rmSync } from "node:fs";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { type Ended, Sandbox } from "./support/sandbox.ts";

const AS_USER = "process.getuid = () => 1000;";
const AS_ROOT = "process.getuid = () => 0;";
const ON_LINUX =
  'Object.defineProperty(process, "platform", { value: "linux" }); Object.defineProperty(process, "arch", { value: "x64" });';

let machine: Sandbox;
beforeEach(() => {
  machine = new Sandbox();
});
afterEach(() => machine.remove());

/** What a failure says: progress lines, an empty line, the sentence, then indented output. */
function sentence({ code, stdout, stderr }: Ended): string {
  expect(code).toBe(1);
  expect(stdout).toBe("");
  expect(stderr).not.toMatch(/^\s+at .*:\d+:\d+/m);
  const said = stderr.slice(stderr.indexOf("\n\n") + 2);
  const [first, ...others] = said.trimEnd().split("\n");
  expect(others.filter((line) => !line.startsWith("    "))).toEqual([]);
  expect(first).toMatch(/^[A-Znp].*\.$/);
  return first ?? "";
}

describe("packages", () => {
  test("are installed once, by the pinned pnpm and from the lock file", async () => {
    machine.installingNpx();
    machine.redis();
    const first = await machine.run("setup.mjs", { env: { NODE_ENV: "production" } });
    expect(first.stderr).toContain("✓ Packages installed, with Node 24.0.0");
    expect(first.code).toBe(0);
    expect(machine.calls[0]).toMatch(/^npx --yes pnpm@1\.2\.3 install --frozen-lockfile/);

    const second = await machine.run("setup.mjs");
    expect(second.stderr).toContain("✓ Packages are up to date");
    expect(second.stderr).toContain("✓ Redis 7.0.15 at ");
    expect(second.code).toBe(0);
    expect(second.elapsedMs).toBeLessThan(2_000);
    expect(machine.calls.filter((call) => call.startsWith("npx"))).toHaveLength(1);
  });

  test.each<[string, (sandbox: Sandbox) => void]>([
    ["the lock file changed", (its) => its.write("pnpm-lock.yaml", "lockfileVersion: '10.0'\n")],
    ["a manifest changed", (its) => its.write("packages/a/package.json", "{}")],
    ["node_modules is gone", (its) => rmSync(join(its.root, "node_modules"), { recursive: true })],
    ["Node is gone", (its) => rmSync(join(its.root, "node_modules/.bin/node"))],
    [
      "a package's node_modules is gone",
      (its) => its.write("packages/a/package.json", '{"dependencies":{"b":"catalog:"}}'),
    ],
  ])("are installed again when %s", async (_, change) => {
    machine.installingNpx();
    machine.redis();
    await machine.run("setup.mjs");
    change(machine);
    const { stderr } = await machine.run("setup.mjs");
    expect(stderr).toContain("✓ Packages installed");
  });

  test("are not installed again by another Node, such as the one among them", async () => {
    machine.installingNpx();
    machine.redis();
    await machine.run("setup.mjs");
    const before =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.6.0" } });';
    const { stderr } = await machine.run("setup.mjs", { before });
    expect(stderr).toContain("✓ Packages are up to date");
  });

  const offline = "npm error code ENOTFOUND\nnpm error network request to the registry failed";
  test.each([
    ["offline", offline, /^The npm registry could not be reached: check the network connection/],
    ["a full disk", "ERR_PNPM_ENOSPC  ENOSPC: no space left on device", /^The disk is full: free/],
    ["another's folder", "EACCES: permission denied, mkdir '/x'", /^A folder that npm or pnpm/],
    ["an old lock file", "ERR_PNPM_OUTDATED_LOCKFILE  Cannot install", /^pnpm-lock\.yaml does not/],
    ["anything else", "ERR_PNPM_SOMETHING", /^The packages could not be installed: mend what/],
  ])("%s is said in one sentence", async (_, output, expected) => {
    machine.redis();
    machine.program("npx", `echo "${output}" >&2\nexit 1`);
    const result = await machine.run("setup.mjs");
    expect(sentence(result)).toMatch(expected);
    expect(sentence(result)).toContain("run `node scripts/setup.mjs` again");
    for (const line of output.split("\n")) expect(result.stderr).toContain(`    ${line}\n`);
    expect(result.stderr).not.toContain("Redis");
  });

  test("the reason below the sentence is short, plain and without secrets", async () => {
    const lines = [
      "early line",
      ...Array.from({ length: 30 }, (_, index) => `line ${index}`),
      "\\033[31mred\\033[0m",
      "GET https://ann:hunter2@registry.example/x",
      "//registry.example/:_authToken=hunter2",
      "Authorization: Bearer hunter2",
    ];
    machine.program("npx", `printf '%b' '${lines.join("\\n")}\\n'\nexit 1`);
    const { stderr } = await machine.run("setup.mjs");
    expect(stderr).toContain("\n    red\n");
    expect(stderr).toContain("https://***@registry.example/x");
    expect(stderr).not.toContain("hunter2");
    expect(stderr).not.toContain("early line");
  });

  test("pnpm's own words are hidden, and shown with TRIBUTARY_VERBOSE=1", async () => {
    machine.installingNpx();
    machine.redis();
    machine.program("npx", "echo chatter >&2; exit 1");
    expect((await machine.run("setup.mjs")).stderr.match(/chatter/g)).toHaveLength(1);
    const verbose = await machine.run("setup.mjs", { env: { TRIBUTARY_VERBOSE: "1" } });
    expect(verbose.stderr.match(/chatter/g)).toHaveLength(2);
  });

  test("an interrupted installation ends its npx and says no more", async () => {
    machine.program("npx", `trap 'echo ended; exit 1' TERM\nwhile :; do /bin/sleep 0.05; done`);
    const child = machine.start("setup.mjs", { env: { TRIBUTARY_VERBOSE: "1" } });
    const { code, text } = await new Promise<{ code: number | null; text: string }>((done) => {
      let said = "";
      child.stderr?.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const timer = setInterval(() => {
        if (machine.calls.length === 0) return;
        // Once: a second one would end it before it has ended its own child.
        clearInterval(timer);
        child.kill("SIGTERM");
      }, 100);
      child.on("close", (exitCode) => {
        clearInterval(timer);
        done({ code: exitCode, text: said });
      });
    });
    expect(code).toBe(143);
    expect(text).toContain("ended");
    expect(text).not.toContain("could not");
  });
});

describe("the machine", () => {
  test.each([
    ["Windows", 'Object.defineProperty(process, "platform", { value: "win32" });', /WSL 2/],
    [
      "an unusual processor",
      'Object.defineProperty(process, "arch", { value: "riscv64" });',
      /chDB has builds for Linux and macOS on x64 and arm64 only/,
    ],
    [
      "an old Node",
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.19.1" } });',
      /^Node 20 or later is needed and this is Node 18\.19\.1: install a newer Node/,
    ],
  ])("%s is refused in one sentence", async (_, before, expected) => {
    machine.installingNpx();
    machine.redis();
    expect(sentence(await machine.run("setup.mjs", { before }))).toMatch(expected);
    expect(machine.calls).toEqual([]);
  });

  test("no npm", async () => {
    machine.redis();
    expect(sentence(await machine.run("setup.mjs"))).toMatch(/^npm \(with npx\) is needed/);
  });
});

describe("Redis", () => {
  beforeEach(() => machine.installingNpx());

  test("Valkey is as good", async () => {
    machine.redis("6.0.16");
    machine.redis("8.1.3", "valkey-server");
    const { code, stderr } = await machine.run("setup.mjs");
    expect(stderr).toContain("✓ Redis 8.1.3 at ");
    expect(code).toBe(0);
  });

  test("no package manager that it knows", async () => {
    const result = await machine.run("setup.mjs", { before: ON_LINUX + AS_USER });
    expect(sentence(result)).toBe(
      "Redis 7 or later is needed and was not found: install it (or Valkey) with the system's package manager and run `node scripts/setup.mjs` again.",
    );
  });

  test.each([
    ["apt-get", "sudo apt-get install redis-server"],
    ["dnf", "sudo dnf install valkey"],
  ])("%s, but neither root nor sudo", async (manager, command) => {
    machine.program(manager, "exit 9");
    const result = await machine.run("setup.mjs", { before: ON_LINUX + AS_USER });
    expect(sentence(result)).toBe(
      `Redis 7 or later is needed and was not found: install it with \`${command}\` and run \`node scripts/setup.mjs\` again.`,
    );
    expect(machine.calls.filter((call) => call.startsWith(manager))).toEqual([]);
  });

  test("a sudo that would ask for a password is not asked twice", async () => {
    machine.program("apt-get", "exit 9");
    machine.program("sudo", "echo 'a password is required' >&2; exit 1");
    const result = await machine.run("setup.mjs", { before: ON_LINUX + AS_USER });
    expect(sentence(result)).toContain("`sudo apt-get install redis-server`");
    expect(machine.calls.filter((call) => call.startsWith("sudo"))).toEqual(["sudo -n true"]);
  });

  test("is installed through a sudo that does not ask", async () => {
    machine.program("apt-get", "exit 9");
    const server = join(machine.bin, "redis-server");
    const install = `printf '#!/bin/sh\\necho Redis server v=7.2.1\\n' > "${server}"; /bin/chmod +x "${server}"`;
    machine.program("sudo", `case "$2" in /bin/sh) ${install} ;; esac`);
    const { code, stderr } = await machine.run("setup.mjs", { before: ON_LINUX + AS_USER });
    expect(stderr).toContain(`✓ Redis 7.2.1 installed at ${server}`);
    expect(code).toBe(0);
    expect(machine.calls.join("\n")).toMatch(/sudo -n \/bin\/sh -c/);
  });

  test("is installed by brew on macOS", async () => {
    const server = join(machine.bin, "redis-server");
    const install = `printf '#!/bin/sh\\necho Redis server v=8.2.0\\n' > "${server}"; /bin/chmod +x "${server}"`;
    machine.program("brew", install);
    const before =
      'Object.defineProperty(process, "platform", { value: "darwin" }); Object.defineProperty(process, "arch", { value: "arm64" });';
    const { code, stderr } = await machine.run("setup.mjs", { before });
    expect(stderr).toContain("✓ Redis 8.2.0 installed at");
    expect(code).toBe(0);
    expect(machine.calls).toContain("brew install redis");
  });

  test("an installation that fails shows why", async () => {
    machine.program("apt-get", "exit 9");
    machine.program(
      "sudo",
      `[ "$2" = true ] || { echo 'E: Unable to fetch some archives'; exit 1; }`,
    );
    const result = await machine.run("setup.mjs", { before: ON_LINUX + AS_USER });
    expect(sentence(result)).toBe(
      "Redis 7 or later is needed and could not be installed: install it with `sudo apt-get install redis-server` and run `node scripts/setup.mjs` again.",
    );
    expect(result.stderr).toContain("    E: Unable to fetch some archives\n");
  });

  test("packages that are too old are not installed", async () => {
    machine.program("apt-get", "exit 9");
    machine.program("sudo", `[ "$2" = true ] || exit 3`);
    const result = await machine.run("setup.mjs", { before: ON_LINUX + AS_USER });
    expect(sentence(result)).toMatch(/^Redis 7 or later is needed and this system's packages have/);
  });

  test("an old one that somebody installed is left alone", async () => {
    machine.redis("6.0.16");
    machine.program("apt-get", "exit 9");
    const result = await machine.run("setup.mjs", { before: ON_LINUX + AS_ROOT });
    expect(sentence(result)).toMatch(
      /^Redis 7 or later is needed and .*redis-server is version 6\.0\.16: install a newer Redis/,
    );
    expect(machine.calls.filter((call) => call.startsWith("apt-get"))).toEqual([]);
  });
});
