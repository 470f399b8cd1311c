import { readFileSync } from "node:fs";
import { systemCode } from "../errors.ts";

/** A process, distinct from a later one with the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in ticks since boot; null outside Linux. */
  readonly startedTicks: string | null;
}

export function identify(pid: number): ProcessIdentity {
  return { pid, startedTicks: startedTicks(pid) };
}

/** Whether that very process still runs. In a container, a restart hands out the same numbers again. */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: there is such a process, and it is somebody else's.
    if (systemCode(error) !== "EPERM") return false;
  }
  if (identity.startedTicks === null) return true;
  return startedTicks(identity.pid) === identity.startedTicks;
}

/** The parent of a process; undefined where it has none, and outside Linux. */
export function parentOf(pid: number): number | undefined {
  return Number(statFields(pid)?.[1]) || undefined;
}

/** Field 22 of /proc/PID/stat; null for a zombie as well, which runs no more. */
function startedTicks(pid: number): string | null {
  const fields = statFields(pid);
  return fields === undefined || fields[0] === "Z" ? null : (fields[19] ?? null);
}

/** The fields of /proc/PID/stat from the third on (proc_pid_stat(5)); undefined where there is none. */
function statFields(pid: number): readonly string[] | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // No /proc on this system, or no such process: whoever asks has another way to tell them apart.
    return undefined;
  }
  // The command's name, in parentheses, may itself hold spaces and parentheses.
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}
