/** Whose a data folder is: one platform's at a time. */
import { linkSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { pause } from "./client/interrupt.ts";
import { identify, isAlive } from "./client/process-identity.ts";
import { parseState, stateFilePath, type PlatformState } from "./client/running-platform.ts";
import { PlatformError, systemCode } from "./errors.ts";

/** How long the processes of a platform that was killed may take to notice it. */
const ORPHANS_MS = 20_000;
const POLL_MS = 100;

/**
 * Claims a data folder for this process. Waits first until the orphans of a killed platform have ended:
 * two Redis servers on one append-only file would spoil it.
 * @param instanceId of the platform's start
 * @throws PlatformError `already_running`
 */
export async function claimDataDir(dataDir: string, instanceId: string): Promise<void> {
  const claim: PlatformState = {
    ...identify(process.pid),
    instanceId,
    startedAt: new Date().toISOString(),
    ready: false,
    gatewayUrl: "",
    reportsUrl: "",
    redisUrl: "",
    workers: [],
    processes: [],
  };
  const path = stateFilePath(dataDir);
  const until = Date.now() + ORPHANS_MS;
  for (;;) {
    const last = readClaim(path);
    const found = last?.state;
    if (found !== undefined && isAlive(found)) {
      const where = found.ready ? ` at ${found.gatewayUrl}` : "";
      throw new PlatformError(
        "already_running",
        `a platform already runs on ${dataDir}${where} (process ${found.pid}); stop it, or give another folder with --data`,
      );
    }
    const orphans = found?.processes.filter(isAlive) ?? [];
    if (orphans.length === 0 && tryClaim(path, claim, last?.name)) return;
    if (Date.now() > until) {
      const list = orphans.map(({ name, pid }) => `${name} (process ${pid})`).join(", ");
      throw new PlatformError(
        "already_running",
        `a platform on ${dataDir} was killed and left ${list} running; end them and try again`,
      );
    }
    await pause(POLL_MS);
  }
}

/**
 * Puts a claim in the place of no file, or of one whose platform is gone. Where several try at once, one succeeds: a
 * link fails where its name exists, and a file may only be replaced by who has the link that is named after it.
 * @param predecessor names the file that was read; undefined where there was none
 */
function tryClaim(path: string, claim: PlatformState, predecessor: string | undefined): boolean {
  const mine = `${path}.${claim.instanceId}`;
  writeFileSync(mine, `${JSON.stringify(claim)}\n`, { mode: 0o600 });
  try {
    if (predecessor === undefined) return linked(mine, path);
    const turn = takeTurn(path, mine, predecessor);
    if (turn === undefined) return false;
    // Somebody else may have replaced the file, and removed the link, since it was read.
    if (readClaim(path)?.name !== predecessor) {
      rmSync(turn, { force: true });
      return false;
    }
    renameSync(mine, path);
    removeTurns(path);
    return true;
  } finally {
    rmSync(mine, { force: true });
  }
}

interface Claim {
  /** Of the start that wrote it, no other file's. */
  readonly name: string;
  /** Undefined where another program wrote it. */
  readonly state: PlatformState | undefined;
}

/** Reads a file once. Undefined where there is none. */
function readClaim(path: string): Claim | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw error;
  }
  const state = parseState(text);
  if (state === undefined) return { name: "unknown", state };
  const { instanceId, pid, startedTicks } = state;
  return { name: instanceId || `process-${pid}-${startedTicks ?? ""}`, state };
}

/** Takes the turn to replace a file. @returns the link that stands for it; undefined where another process has it */
function takeTurn(path: string, mine: string, predecessor: string): string | undefined {
  for (let after = predecessor; ;) {
    const turn = turnPath(path, after);
    if (linked(mine, turn)) return turn;
    const holder = readClaim(turn)?.state;
    if (holder === undefined || isAlive(holder)) return undefined;
    // It ended in the midst of replacing the file: its turn passes on in the same way.
    after = holder.instanceId;
  }
}

function turnPath(path: string, predecessor: string): string {
  return `${path}.after-${predecessor}`;
}

function removeTurns(path: string): void {
  const prefix = basename(turnPath(path, ""));
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(prefix)) rmSync(join(dirname(path), name), { force: true });
  }
}

function linked(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
}

/** Replaces the file in one step. */
export function writeState(dataDir: string, state: PlatformState): void {
  const path = stateFilePath(dataDir);
  const next = `${path}.next`;
  writeFileSync(next, `${JSON.stringify(state, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(next, path);
}

/** Removes the file where it is that start's. */
export function removeState(dataDir: string, instanceId: string): void {
  const path = stateFilePath(dataDir);
  if (readClaim(path)?.name === instanceId) rmSync(path, { force: true });
}
