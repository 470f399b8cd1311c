#!/usr/bin/env node
/**
 * `npm test`: sets up, then runs every check and every test, whatever failed before. The last line
 * is `N passed, N failed`, over the static checks and vitest's tests together. Arguments go to vitest.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { root, setUp } from "./setup.mjs";

const CHECK_LIMIT_MS = 5 * 60_000;
/** Test suites that hang are ended, counted as failed, and do not hold up whoever waits for them. */
const VITEST_LIMIT_MS = Number(process.env.TRIBUTARY_TEST_LIMIT_MS ?? 20 * 60_000);

const STATIC_CHECKS = [
  { name: "format", command: ["oxfmt", "--check", "."] },
  { name: "lint", command: ["oxlint", "--type-aware", "--deny-warnings"] },
  { name: "types", command: ["tsc", "--noEmit"] },
  { name: "dead code", command: ["knip", "--no-config-hints"] },
];

const bin = join(root, "node_modules", ".bin");
const failures = [];
const count = { passed: 0, failed: 0, skipped: 0 };

if (await setUp({ redis: true, again: "npm test" })) {
  for (const check of STATIC_CHECKS) await runStaticCheck(check);
  await runVitest(process.argv.slice(2));
} else {
  fail("set-up");
}
report();

async function runStaticCheck({ name, command }) {
  heading(name, command);
  const { ok, why } = await run(command, CHECK_LIMIT_MS);
  if (ok) count.passed += 1;
  else fail(`${name} (${why})`);
}

async function runVitest(args) {
  const folder = mkdtempSync(join(tmpdir(), "tributary-test-"));
  const results = join(folder, "vitest.json");
  const command = ["vitest", "run", "--reporter=default", "--reporter=json"];
  heading("tests", ["vitest", "run", ...args]);
  const { ok, why } = await run(
    [...command, `--outputFile.json=${results}`, ...args],
    VITEST_LIMIT_MS,
  );
  const failedBefore = count.failed;
  countTests(results);
  // An unhandled error, a crash or the time limit fails the run without failing a test.
  if (!ok && count.failed === failedBefore) fail(`tests (vitest ${why})`);
  rmSync(folder, { recursive: true, force: true });
}

function countTests(path) {
  let results;
  try {
    results = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return; // vitest ended before it wrote them; its exit code tells.
  }
  count.passed += results.numPassedTests;
  count.skipped += results.numPendingTests + results.numTodoTests;
  for (const file of results.testResults) {
    const name = file.name.replace(`${root}/`, "");
    const failed = file.assertionResults.filter((test) => test.status === "failed");
    for (const test of failed) fail(`${name}: ${test.fullName}`);
    // A file that cannot be loaded, or a failing hook around all its tests, has no failed test.
    if (failed.length === 0 && file.status === "failed") fail(name);
  }
}

/** @returns {Promise<{ ok: boolean, why: string }>} */
function run([program, ...args], limitMs) {
  return new Promise((resolve) => {
    const child = spawn(join(bin, program), args, {
      cwd: root,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        // The type-aware linter is a Go program: without a bound its heap grows with the machine.
        GOMEMLIMIT: "4GiB",
        ...process.env,
        PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
      },
    });
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killTree(child.pid);
    }, limitMs);
    const stop = (signal) => {
      child.kill(signal);
      process.exit(128 + constants.signals[signal]);
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
    const finish = (ok, why) => {
      clearTimeout(timer);
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve({ ok, why });
    };
    child.on("error", (error) => finish(false, error.message));
    child.on("exit", (code, signal) => {
      if (timedOut) finish(false, `did not end within ${limitMs / 1_000} s`);
      else finish(code === 0, signal === null ? `exited with ${code}` : `was ended by ${signal}`);
    });
  });
}

/** Ends a program and what it started, servers of tests included, which would outlive it. */
function killTree(pid) {
  const parents = parentsOfProcesses();
  const tree = [pid];
  for (const parent of tree) {
    for (const [child, itsParent] of parents) if (itsParent === parent) tree.push(child);
  }
  for (const each of tree) {
    try {
      process.kill(each, "SIGKILL");
    } catch {
      // It ended by itself in the meantime.
    }
  }
}

/** @returns {[number, number][]} each process of this machine and its parent */
function parentsOfProcesses() {
  if (process.platform !== "linux") {
    const { stdout } = spawnSync("ps", ["-A", "-o", "pid=,ppid="], { encoding: "utf8" });
    return (stdout ?? "").split("\n").map((line) => line.trim().split(/\s+/).map(Number));
  }
  // A small container may have no ps.
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.map((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      // "pid (name) state parent …", where the name may hold anything.
      return [Number(pid), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])];
    } catch {
      return [Number(pid), 0];
    }
  });
}

function heading(name, command) {
  console.log(`\n── ${name}: ${command.join(" ")}`);
}

function fail(what) {
  count.failed += 1;
  failures.push(what);
}

function report() {
  console.log("");
  for (const failure of failures) console.log(`✗ ${failure}`);
  const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : "";
  console.log(`${count.passed} passed, ${count.failed} failed${skipped}`);
  process.exitCode = count.failed > 0 ? 1 : 0;
}
