/** DIR/platform.json: who runs the platform of a data folder, and where it answers. */
import { readFileSync, renameSync, rmSync, writeFileSync, linkSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { CliError, systemCode } from "../errors.ts";
import { pause } from "../terminal/interrupt.ts";
import { identify, isAlive } from "./process-identity.ts";

const identity = z.object({
  pid: z.number().int().positive(),
  startedTicks: z.string().nullable(),
});

const stateSchema = z.object({
  ...identity.shape,
  /** ISO 8601. */
  startedAt: z.string(),
  /** False until every service answers. */
  ready: z.boolean(),
  gatewayUrl: z.string(),
  reportsUrl: z.string(),
  /** Absent where no webhooks are sent. */
  webhooksUrl: z.string().optional(),
  /** As the services use it. The file is readable by its owner alone: it may hold a password. */
  redisUrl: z.string(),
  workers: z.array(z.object({ name: z.string(), url: z.string() })),
  processes: z.array(z.object({ name: z.string(), ...identity.shape })),
});

export type PlatformState = z.infer<typeof stateSchema>;

/** How long the processes of a platform that was killed may take to notice it. */
const ORPHANS_MS = 20_000;

function stateFilePath(dataDir: string): string {
  return join(dataDir, "platform.json");
}

/**
 * The platform that runs on a data folder, or undefined where none does (a file left behind by one that was
 * killed counts as none).
 */
export function readRunningPlatform(dataDir: string): PlatformState | undefined {
  const state = readState(dataDir);
  return state !== undefined && isAlive(state) ? state : undefined;
}

/**
 * Claims a data folder for this process. Waits for orphans of a killed platform to be gone first: two Redis
 * servers on one append-only file would spoil it.
 * @throws CliError `already_running`
 */
export async function claimDataDir(dataDir: string): Promise<void> {
  const path = stateFilePath(dataDir);
  const mine = `${path}.${process.pid}`;
  const claim: PlatformState = {
    ...identify(process.pid),
    startedAt: new Date().toISOString(),
    ready: false,
    gatewayUrl: "",
    reportsUrl: "",
    redisUrl: "",
    workers: [],
    processes: [],
  };
  const until = Date.now() + ORPHANS_MS;
  for (;;) {
    const state = readState(dataDir);
    if (state !== undefined && isAlive(state)) {
      const where = state.ready ? ` at ${state.gatewayUrl}` : "";
      throw new CliError(
        "already_running",
        `a platform already runs on ${dataDir}${where} (process ${state.pid}); stop it, or give another folder with --data`,
      );
    }
    const orphans = state?.processes.filter(isAlive) ?? [];
    if (orphans.length > 0) {
      if (Date.now() > until) {
        const list = orphans.map(({ name, pid }) => `${name} (process ${pid})`).join(", ");
        throw new CliError(
          "already_running",
          `a platform on ${dataDir} was killed and left ${list} running; end them and try again`,
        );
      }
      await pause(200);
      continue;
    }
    rmSync(path, { force: true });
    writeFileSync(mine, JSON.stringify(claim), { mode: 0o600 });
    try {
      // A link fails where the file is there: of two that start at once, one wins.
      linkSync(mine, path);
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
    } finally {
      rmSync(mine, { force: true });
    }
  }
}

/** Replaces the file in one step. */
export function writeState(dataDir: string, state: PlatformState): void {
  const path = stateFilePath(dataDir);
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(next, path);
}

export function removeState(dataDir: string): void {
  rmSync(stateFilePath(dataDir), { force: true });
}

function readState(dataDir: string): PlatformState | undefined {
  let text: string;
  try {
    text = readFileSync(stateFilePath(dataDir), "utf8");
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
  try {
    return stateSchema.parse(JSON.parse(text));
  } catch {
    // Written in one step, so only a foreign or older file ends here; nothing can be said of its processes.
    return undefined;
  }
}
