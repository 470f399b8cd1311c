/** Whose a data folder is: one platform's at a time. */
import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { pause } from "./client/interrupt.ts";
import { readState, stateFilePath, type PlatformState } from "./client/running-platform.ts";
import { PlatformError, systemCode } from "./errors.ts";
import { identify, isAlive } from "./client/process-identity.ts";

/** How long the processes of a platform that was killed may take to notice it. */
const ORPHANS_MS = 20_000;

/**
 * Claims a data folder for this process. Waits for orphans of a killed platform to be gone first: two Redis
 * servers on one append-only file would spoil it.
 * @throws PlatformError `already_running`
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
      throw new PlatformError(
        "already_running",
        `a platform already runs on ${dataDir}${where} (process ${state.pid}); stop it, or give another folder with --data`,
      );
    }
    const orphans = state?.processes.filter(isAlive) ?? [];
    if (orphans.length > 0) {
      if (Date.now() > until) {
        const list = orphans.map(({ name, pid }) => `${name} (process ${pid})`).join(", ");
        throw new PlatformError(
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
