#!/usr/bin/env node
/**
 * Makes a fresh clone ready to run: checks the machine, installs the packages, finds or installs
 * Redis. A second run finds everything done and takes a fraction of a second.
 */
import { realpathSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { lastLines, SetUpError } from "./command.mjs";
import { checkMachine } from "./machine.mjs";
import { installPackages, looksDiskFull, packagesAreUpToDate } from "./packages.mjs";
import { startStep } from "./progress.mjs";
import { findRedis, installRedis } from "./redis.mjs";

const scriptPath = fileURLToPath(import.meta.url);
export const root = resolve(dirname(scriptPath), "..");

/**
 * @param {{ redis: boolean, again?: string }} options whether a Redis server program is needed, and
 *   the command to name in advice
 * @returns {Promise<boolean>} false after a failure, which has been explained on standard error
 */
export async function setUp({ redis, again = "npm start" }) {
  try {
    await step("Checking this machine", "Machine", () => checkMachine(again));
    await step("Installing the packages", "Packages", (note) =>
      packagesAreUpToDate(root)
        ? "Packages are up to date"
        : installPackages(root, { again, note }),
    );
    if (redis) await setUpRedis(again);
    return true;
  } catch (error) {
    explain(error, again);
    return false;
  }
}

async function setUpRedis(again) {
  const found = await step("Looking for Redis", "Redis", findRedis, (server) =>
    server?.recent === true ? `Redis ${server.version} at ${server.path}` : "Redis is not here yet",
  );
  if (found?.recent === true) return;
  await step("Installing Redis", "Redis", async () => {
    const installed = await installRedis(found, again);
    return `Redis ${installed.version} installed at ${installed.path}`;
  });
}

/** Shows one piece of work as one line; `say` turns its result into what the line says. */
async function step(doing, name, work, say = String) {
  const progress = startStep(doing);
  try {
    const result = await work(progress.note);
    progress.done(say(result));
    return result;
  } catch (error) {
    progress.failed(name);
    throw error;
  }
}

function explain(error, again) {
  const known = error instanceof SetUpError ? error : new SetUpError(sentenceFor(error, again));
  process.stderr.write(`\n${known.message}\n`);
  for (const line of lastLines(known.output)) process.stderr.write(`    ${line}\n`);
  if (known !== error && process.env.TRIBUTARY_VERBOSE === "1") console.error(error);
}

/** For what goes wrong in this process itself, such as a full disk under the stamp. */
function sentenceFor(error, again) {
  const message = error instanceof Error ? error.message : String(error);
  if (looksDiskFull(message))
    return `The disk is full: free some space and run \`${again}\` again.`;
  return `Set-up stopped (${message}): mend that and run \`${again}\` again.`;
}

const startedAs = process.argv[1];
if (startedAs !== undefined && realpathSync(startedAs) === scriptPath) {
  const done = await setUp({ redis: true, again: "node scripts/setup.mjs" });
  process.exitCode = done ? 0 : 1;
}
