/** What `npx` and `npm start` started ends with them: npm and its shell pass no SIGTERM on. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryDataDir } from "../support/tributary.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIN = join(ROOT, "node_modules", ".bin");

interface State {
  readonly ready: boolean;
  readonly pid: number;
  readonly processes: readonly { readonly pid: number }[];
}

/** Runs npm's program as a person's shell does, with a PATH that has no packages of ours. */
function run(program: string, args: readonly string[]): ChildProcess {
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== BIN);
  const env = Object.entries(process.env).filter(([name]) => !name.startsWith("npm_"));
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...Object.fromEntries(env), PATH: path.join(delimiter), OTEL_TRACES_EXPORTER: "none" },
    stdio: "ignore",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

async function readyState(dataDir: string): Promise<State> {
  const path = join(dataDir, "platform.json");
  await expect
    .poll(() => existsSync(path) && readFileSync(path, "utf8").includes('"ready": true'), {
      timeout: 60_000,
      interval: 100,
    })
    .toBe(true);
  return JSON.parse(readFileSync(path, "utf8")) as State;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

async function endsWith(program: string, args: readonly string[], signal: NodeJS.Signals) {
  const data = temporaryDataDir();
  onTestFinished(() => data.remove());
  const npm = run(program, [...args, "--data", data.dir, "--port", "0"]);
  const { pid, processes } = await readyState(data.dir);
  onTestFinished(() => {
    if (isRunning(pid)) process.kill(pid, "SIGTERM");
  });
  const pids = [pid, ...processes.map((child) => child.pid)];
  expect(pids.filter(isRunning)).toEqual(pids);
  const ended = once(npm, "exit");
  npm.kill(signal);
  await ended;
  await expect.poll(() => pids.filter(isRunning), { timeout: 25_000 }).toEqual([]);
  expect(existsSync(join(data.dir, "platform.json"))).toBe(false);
}

test("the platform stops in order when npm is sent SIGTERM, or killed", async () => {
  await Promise.all([
    endsWith("npx", ["tributary", "up"], "SIGTERM"),
    endsWith("npm", ["start", "--", "--no-sample"], "SIGTERM"),
    endsWith("npx", ["tributary", "up"], "SIGKILL"),
  ]);
}, 120_000);
