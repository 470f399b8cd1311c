/** `npm start`, `npm test` and CI as processes, over fake checks and a fake platform. */
import { cpSync } from "node:fs";
import { join, resolve } from "node:path";

import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { ended, Sandbox } from "./support/sandbox.ts";

const repository = resolve(import.meta.dirname, "../..");
const CHECKS = ["oxfmt", "oxlint", "tsc", "knip"];

let sandbox: Sandbox;
let modules: string;
beforeEach(() => {
  sandbox = new Sandbox();
  sandbox.installingNpx();
  sandbox.redis();
  modules = join(sandbox.root, "node_modules/.bin");
  for (const name of CHECKS) sandbox.program(name, "echo checked", modules);
});
afterEach(() => sandbox.remove());

const lastLine = (text: string): string | undefined => text.trimEnd().split("\n").at(-1);

interface FakeResults {
  passed?: number;
  skipped?: number;
  todo?: number;
  files?: { name: string; status: string; failed?: string[] }[];
}

/** A vitest that writes these results where it is told to. */
function vitest(results: FakeResults | undefined, exitCode: number): void {
  const json = JSON.stringify({
    numPassedTests: results?.passed ?? 0,
    numPendingTests: results?.skipped ?? 0,
    numTodoTests: results?.todo ?? 0,
    testResults: (results?.files ?? []).map(({ name, status, failed = [] }) => ({
      name: join(sandbox.root, name),
      status,
      assertionResults: failed.map((fullName) => ({ status: "failed", fullName })),
    })),
  });
  const write = `for each; do case "$each" in --outputFile.json=*) echo '${json}' > "\${each#*=}" ;; esac; done`;
  sandbox.program("vitest", `${results === undefined ? "" : write}\nexit ${exitCode}`, modules);
}

describe("npm test", () => {
  test("counts the four checks and the tests", async () => {
    vitest({ passed: 12 }, 0);
    const { code, stdout } = await sandbox.run("test.mjs");
    expect(stdout).toContain("── lint: oxlint --type-aware --deny-warnings");
    expect(lastLine(stdout)).toBe("16 passed, 0 failed");
    expect(code).toBe(0);
  });

  test("names what was skipped", async () => {
    vitest({ passed: 2, skipped: 2, todo: 1 }, 0);
    expect(lastLine((await sandbox.run("test.mjs")).stdout)).toBe("6 passed, 0 failed, 3 skipped");
  });

  test("runs everything whatever fails, and names it", async () => {
    for (const name of CHECKS) sandbox.program(name, "exit 1", modules);
    vitest({ passed: 3, files: [{ name: "a.test.ts", status: "failed", failed: ["b c"] }] }, 1);
    const { code, stdout } = await sandbox.run("test.mjs");
    expect(stdout).toContain("✗ dead code (exited with 1)\n✗ a.test.ts: b c\n");
    expect(lastLine(stdout)).toBe("3 passed, 5 failed");
    expect(code).toBe(1);
  });

  test.each<[string, FakeResults | undefined, number, string]>([
    ["an unhandled error", { passed: 3 }, 1, "7 passed, 1 failed"],
    ["a crash", undefined, 1, "4 passed, 1 failed"],
    [
      "a file that does not load",
      { files: [{ name: "a", status: "failed" }] },
      1,
      "4 passed, 1 failed",
    ],
  ])("%s is a failure", async (_, results, exitCode, expected) => {
    vitest(results, exitCode);
    const { code, stdout } = await sandbox.run("test.mjs");
    expect(lastLine(stdout)).toBe(expected);
    expect(code).toBe(1);
  });

  test("gives its arguments to vitest", async () => {
    vitest({ passed: 1 }, 0);
    await sandbox.run("test.mjs", { args: ["packages/streams", "-t", "late"] });
    expect(sandbox.calls.at(-1)).toMatch(/^vitest run .* packages\/streams -t late$/);
  });

  test("ends tests that hang, with what they started", async () => {
    sandbox.program("vitest", "/bin/sleep 60 &\nwait", modules);
    const env = { TRIBUTARY_TEST_LIMIT_MS: "300", PATH: `${sandbox.bin}:/usr/bin:/bin` };
    const { code, stdout, elapsedMs } = await sandbox.run("test.mjs", { env });
    expect(stdout).toContain("✗ tests (vitest did not end within 0.3 s)");
    expect(lastLine(stdout)).toBe("4 passed, 1 failed");
    expect(code).toBe(1);
    // The sleep holds standard output: had it been left, this would have waited for it.
    expect(elapsedMs).toBeLessThan(20_000);
  });

  test("a set-up that fails is one failure", async () => {
    sandbox.program("npx", "exit 1");
    const { code, stdout, stderr } = await sandbox.run("test.mjs");
    expect(stderr).toContain("run `npm test` again.");
    expect(lastLine(stdout)).toBe("0 passed, 1 failed");
    expect(code).toBe(1);
  });
});

describe(".ci/run", () => {
  test.each([
    [0, "16 passed, 0 failed"],
    [1, "15 passed, 1 failed"],
  ])("exits with %i and closes with '%s'", async (exitCode, line) => {
    cpSync(join(repository, ".ci"), join(sandbox.root, ".ci"), { recursive: true });
    sandbox.program(
      "npm",
      `echo '${line}'\necho 'npm error Lifecycle script failed' >&2\nexit ${exitCode}`,
    );
    // Found, so that none is installed.
    sandbox.program("chromium", "exit 0");
    sandbox.program("run", `exec /bin/bash "${sandbox.root}/.ci/run"`);
    sandbox.write(
      "scripts/ci.mjs",
      'import { spawnSync } from "node:child_process"; const it = spawnSync("run", { stdio: "inherit" }); process.exit(it.status ?? 1);',
    );
    const env = { CI: "true", PATH: `${sandbox.bin}:/usr/bin:/bin` };
    const { code, stdout } = await sandbox.run("ci.mjs", { env });
    expect(lastLine(stdout)).toBe(line);
    expect(code).toBe(exitCode);
    expect(sandbox.calls).toContain("npm test");
  });
});

describe("npm start", () => {
  /** The Node of the packages, played by a shell script. */
  const platform = (body: string): void => {
    sandbox.program("node", `[ "$1" = --version ] && echo v24.0.0 && exit\n${body}`, modules);
    sandbox.program("npx", "exit 0");
  };

  test("runs the platform with its arguments and ends as it does", async () => {
    platform("exit 7");
    const { code, stderr } = await sandbox.run("start.mjs", { args: ["--once", "--port", "0"] });
    expect(stderr).toContain("✓ Redis 7.0.15 at ");
    expect(sandbox.calls.at(-1)).toMatch(
      /^node \S+packages\/cli\/bin\/tributary\.mjs start --once --port 0$/,
    );
    expect(code).toBe(7);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "passes %s on once and waits",
    async (signal) => {
      const name = signal.slice(3);
      platform(`trap 'echo got ${name}; stop=1' ${name}
echo ready
while [ -z "$stop" ]; do /bin/sleep 0.05; done
/bin/sleep 0.3
echo stopped
exit 3`);
      const child = sandbox.start("start.mjs");
      child.stdout?.on("data", (chunk: Buffer) => {
        if (!chunk.toString().includes("ready")) return;
        child.kill(signal);
        setTimeout(() => child.kill(signal), 50);
      });
      const { code, stdout } = await ended(child);
      expect(stdout).toBe(`ready\ngot ${name}\nstopped\n`);
      expect(code).toBe(3);
    },
  );

  test("says so when the platform was killed", async () => {
    platform("kill -9 $$");
    expect((await sandbox.run("start.mjs")).code).toBe(137);
  });

  test("needs no Redis of this machine where REDIS_URL names one", async () => {
    platform("exit 0");
    const env = { REDIS_URL: "redis://127.0.0.1:6379" };
    const { code, stderr } = await sandbox.run("start.mjs", { env });
    expect(stderr).not.toContain("Redis");
    expect(code).toBe(0);
  });

  test("does not run a platform that is not set up", async () => {
    platform("exit 0");
    sandbox.program("npx", "exit 1");
    const { code, stderr } = await sandbox.run("start.mjs");
    expect(stderr).toContain("run `npm start` again.");
    expect(code).toBe(1);
    expect(sandbox.calls.filter((call) => call.startsWith("node"))).toEqual([]);
  });
});
