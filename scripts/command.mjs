/**
 * Finding and running the programs that set-up needs. Plain JavaScript for Node 20, built-ins only:
 * this runs before any package is installed.
 */
import { spawn } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { constants as osConstants } from "node:os";
import { delimiter, join } from "node:path";

/** More than this of a program's output is not kept; the reason for a failure is at its end. */
const KEPT_OUTPUT_CHARS = 64 * 1024;
const SHOWN_LINES = 10;
const SHOWN_LINE_CHARS = 300;
/** npm's stack traces and the object it prints with them, its empty lines, and its remarks on settings. */
const NOISE =
  /^\s*(?:npm (?:error|ERR!))?\s*(?:at .*[(:].*\d\)?(?: \{)?|(?:code|errno|syscall|address|port|type|hostname): .*|\})?$|^npm warn Unknown /;
const LOOK_EVERY_MS = 1_000;
const KILL_AFTER_MS = 5_000;

/** A set-up step that cannot go on: one sentence that says what to do, and what the program said. */
export class SetUpError extends Error {
  /**
   * @param {string} sentence
   * @param {string} output of the program that failed, shown below the sentence
   */
  constructor(sentence, output = "") {
    super(sentence);
    this.name = "SetUpError";
    this.output = output;
  }
}

/** @returns {string | undefined} the full path of an executable on the PATH */
export function findOnPath(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    if (folder === "") continue;
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not there, or not ours to run: the next folder may have it.
    }
  }
  return undefined;
}

/**
 * Runs a program to its end and keeps the last of its output. What it prints is shown only with
 * TRIBUTARY_VERBOSE=1. A signal to this process ends the program first.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number, ownGroup?: boolean, isHopeless?: (text: string) => boolean }} options
 *   ownGroup ends what the program started together with it, but leaves the terminal's session (and
 *   with it what sudo remembers); isHopeless is given what is printed, and nothing each second, and true ends the program
 * @returns {Promise<{ ok: boolean, code: number | null, timedOut: boolean, output: string }>}
 */
export function runToEnd(program, args, options) {
  return new Promise((resolve) => {
    const verbose = process.env.TRIBUTARY_VERBOSE === "1";
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      stdio: ["ignore", "pipe", "pipe"],
      detached: options.ownGroup === true,
    });
    const kill = (signal) => {
      try {
        if (options.ownGroup === true && child.pid !== undefined) process.kill(-child.pid, signal);
        else child.kill(signal);
      } catch {
        // It has ended already.
      }
    };
    let output = "";
    let timedOut = false;
    let stoppedBy;

    const take = (chunk) => {
      const text = String(chunk);
      output = (output + text).slice(-KEPT_OUTPUT_CHARS);
      if (verbose) process.stderr.write(text);
      look(text);
    };
    child.stdout.on("data", take);
    child.stderr.on("data", take);

    const stop = (signal) => {
      stoppedBy = signal;
      kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, stop);

    const look = (text) => {
      if (options.isHopeless?.(text) === true) end();
    };
    const watch = setInterval(look, LOOK_EVERY_MS, "");
    let killTimer;
    const end = () => {
      kill("SIGTERM");
      killTimer ??= setTimeout(() => kill("SIGKILL"), KILL_AFTER_MS);
    };
    const timer = setTimeout(() => {
      timedOut = true;
      end();
    }, options.timeoutMs);

    const finish = (code, error) => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      clearInterval(watch);
      for (const signal of signals) process.off(signal, stop);
      if (stoppedBy !== undefined) {
        process.stderr.write("\n");
        process.exit(128 + osConstants.signals[stoppedBy]);
      }
      if (error !== undefined) output += `${error.message}\n`;
      resolve({ ok: code === 0 && !timedOut, code, timedOut, output });
    };
    child.on("error", (error) => finish(null, error));
    child.on("close", (code) => finish(code));
  });
}

/** The last lines of a program's output, without colours, stack traces and anything secret. */
export function lastLines(output) {
  return withoutSecrets(withoutColours(output))
    .split(/[\r\n]+/)
    .map((line) => line.trimEnd())
    .filter((line) => line !== "" && !NOISE.test(line))
    .slice(-SHOWN_LINES)
    .map((line) => line.slice(0, SHOWN_LINE_CHARS));
}

function withoutColours(text) {
  // oxlint-disable-next-line no-control-regex -- the escape character is what it looks for
  return text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, "");
}

function withoutSecrets(text) {
  return text
    .replace(/(\w+:\/\/)[^\s/@]+@/g, "$1***@")
    .replace(/\b(Bearer|Basic)\s+[\w.~+/=-]+/gi, "$1 ***")
    .replace(/\bnpm_[A-Za-z0-9]{20,}/g, "npm_***")
    .replace(/((?:_auth|token|password|passwd|secret)\w*"?\s*[=:]\s*)[^\s,]+/gi, "$1***");
}
