import { readFileSync } from "node:fs";

/** Linux counts processes' CPU time in ticks of 1/100 s for user space (proc(5), `_SC_CLK_TCK`). */
const TICK_MICROS = 10_000;
/**
 * Fields 14 to 17 of /proc/PID/stat are the times of the process and those of its children that have ended (Redis writes
 * its file anew in one), in user space and in the kernel; 11 fields come between them and the name in parentheses.
 */
const TIMES_FROM = 11;
const TIMES_TO = 15;

/** What a process has used. */
export interface ProcessUsage {
  readonly cpuMicros: number;
  /** Largest resident memory of its life, MiB. */
  readonly peakRssMib: number;
}

/** Reads a running process's usage; undefined where the system has no /proc. @throws Error where there is no such process */
export function processUsage(pid: number): ProcessUsage | undefined {
  if (process.platform !== "linux") return undefined;
  const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const peakKib = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN);
  return {
    cpuMicros:
      fields.slice(TIMES_FROM, TIMES_TO).reduce((sum, ticks) => sum + Number(ticks), 0) *
      TICK_MICROS,
    peakRssMib: Math.round(peakKib / 1024),
  };
}
