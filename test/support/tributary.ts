import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const MAIN = join(ROOT, "packages/cli/bin/tributary.mjs");

/** Where the reference data lies, beside the checkout; tests that use it skip where it is absent. */
export const SHARED_DATA = join(ROOT, "../shared/data");

export interface CliResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the real command as a person would, in a process of its own. */
export async function tributary(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<CliResult> {
  return finished(start(args, env));
}

/**
 * Starts the command, for tests that interrupt it.
 * @param main path of the command: this checkout's, or a patched copy's
 * @param input for its standard input; without it there is none
 */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  main: string = MAIN,
  input?: string,
): ChildProcess {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, OTEL_TRACES_EXPORTER: "none", ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  child.stdin?.end(input);
  return child;
}

/** Waits for a command's end and gives what it printed. */
export async function finished(child: ChildProcess): Promise<CliResult> {
  let stdout = "";
  let stderr = "";
  child.stdout?.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr?.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout, stderr };
}

/** A data folder of a test's own, and its removal. */
export function temporaryDataDir(): { dir: string; remove: () => void } {
  const dir = mkdtempSync(join(tmpdir(), "tributary-e2e-"));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** The one JSON object that a command printed. */
export function jsonOf<T>(result: CliResult): T {
  if (result.code !== 0) throw new Error(`exit ${result.code}: ${result.stderr}`);
  return JSON.parse(result.stdout) as T;
}

export interface ReportRow {
  readonly model: string;
  readonly channel: string;
  readonly conversions: number;
  readonly value: string;
  readonly currency: string;
}

export interface Report {
  readonly completeUpTo: number;
  readonly source: string;
  readonly rows: readonly ReportRow[];
  readonly totals: { readonly conversions: number; readonly unattributed: number };
}
