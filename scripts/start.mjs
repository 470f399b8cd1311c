#!/usr/bin/env node
/** `npm start`: sets up, then runs `tributary start` on the Node that came with the packages. */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { delimiter, join } from "node:path";

import { root, setUp } from "./setup.mjs";

/** npm passes on a signal that the child may have had from its process group already. */
const SAME_SIGNAL_WITHIN_MS = 500;

// With a REDIS_URL the platform uses that Redis, so this machine needs none.
if (!(await setUp({ redis: !process.env.REDIS_URL, again: "npm start" }))) process.exit(1);

const bin = join(root, "node_modules", ".bin");
const main = join(root, "packages", "cli", "bin", "tributary.mjs");
const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
const passedOnAtMs = new Map();
// Before the child is there, so that no signal finds this process without a handler and orphans it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    // Ctrl-C on a terminal goes to the whole process group: the child has it already.
    if (signal === "SIGINT" && onTerminal) return;
    const nowMs = performance.now();
    const lastMs = passedOnAtMs.get(signal);
    passedOnAtMs.set(signal, nowMs);
    if (lastMs === undefined || nowMs - lastMs > SAME_SIGNAL_WITHIN_MS) child.kill(signal);
  });
}

const child = spawn(join(bin, "node"), [main, "start", ...process.argv.slice(2)], {
  stdio: "inherit",
  env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH ?? ""}` },
});
child.on("error", (error) => {
  process.stderr.write(
    `Tributary could not be started (${error.message}): delete node_modules and run \`npm start\` again.\n`,
  );
  process.exit(1);
});
child.on("exit", (code, signal) => {
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
});
