import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describeError } from "@tributary/platform/errors";
import { LabError } from "../errors.ts";
import type { ServiceName } from "@tributary/platform";

const run = promisify(execFile);
const ROOT = dirname(fileURLToPath(new URL("../../../../package.json", import.meta.url)));
const SERVICES: readonly ServiceName[] = ["gateway", "worker", "reports"];

/** A checkout of another revision, ready to run. */
export interface OtherCheckout {
  /** The programs of its services. */
  readonly mains: Readonly<Record<ServiceName, string>>;
  remove(): Promise<void>;
}

/**
 * Checks a revision out beside this one and installs what it depends on.
 * @throws LabError `usage` where there is no such revision, `file` where it cannot be checked out or installed
 */
export async function checkOut(revision: string): Promise<OtherCheckout> {
  const git = (...args: string[]) => run("git", ["-C", ROOT, ...args]);
  let commit: string;
  try {
    const shown = await git("rev-parse", "--verify", "--end-of-options", `${revision}^{commit}`);
    commit = shown.stdout.trim();
  } catch {
    throw new LabError("usage", `--compare: there is no revision ${revision} in ${ROOT}`);
  }
  const folder = mkdtempSync(join(tmpdir(), "tributary-compare-"));
  const remove = async (): Promise<void> => {
    await git("worktree", "remove", "--force", folder).catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
    await git("worktree", "prune");
  };
  try {
    await git("worktree", "add", "--detach", folder, commit);
    const { packageManager } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as {
      packageManager: string;
    };
    const install = ["--yes", packageManager, "install", "--frozen-lockfile", "--prefer-offline"];
    await run("npx", install, { cwd: folder });
  } catch (error) {
    await remove();
    throw new LabError("file", `${revision} cannot be set up: ${describeError(error)}`);
  }
  const mains = SERVICES.map((name) => [name, join(folder, "packages", name, "src", "main.ts")]);
  return { mains: Object.fromEntries(mains) as Record<ServiceName, string>, remove };
}
