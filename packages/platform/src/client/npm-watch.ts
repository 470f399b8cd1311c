/**
 * Notices that the npm which started this process is gone. `npx` and `npm start` run a command behind a shell, and
 * neither the shell nor npm passes SIGTERM on: without this a platform would run on with nobody to stop it.
 */
import { readFileSync } from "node:fs";
import { identify, isAlive, parentOf, type ProcessIdentity } from "./process-identity.ts";

const POLL_MS = 500;
/** A command, its shell, npm, and what a script of the package puts in between. */
const MAX_ANCESTORS = 6;

/**
 * Watches the processes from this one's parent up to npm; where no npm is found (another package manager, a system
 * without /proc), the parent alone.
 * @param gone called once, when one of them has ended
 * @returns ends the watch
 */
export function watchNpm(gone: () => void): () => void {
  const parent = process.ppid;
  const ancestors = ancestorsUpToNpm(parent);
  const timer = setInterval(() => {
    if (process.ppid === parent && ancestors.every(isAlive)) return;
    clearInterval(timer);
    gone();
  }, POLL_MS);
  timer.unref();
  return () => clearInterval(timer);
}

function ancestorsUpToNpm(parent: number): readonly ProcessIdentity[] {
  const ancestors: ProcessIdentity[] = [];
  let pid: number | undefined = parent;
  while (pid !== undefined && ancestors.length < MAX_ANCESTORS) {
    ancestors.push(identify(pid));
    if (isNpm(pid)) return ancestors;
    pid = parentOf(pid);
  }
  return [];
}

/** npm sets its title: `npm exec tributary up`. */
function isNpm(pid: number): boolean {
  try {
    return /^(?:\S*\/)?np[mx]\b|\/np[mx]-cli\.js\b/.test(
      readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "),
    );
  } catch {
    // No /proc on this system, or no such process any more.
    return false;
  }
}
