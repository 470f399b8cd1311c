import { readFileSync } from "node:fs";

/** Linux counts processes' CPU time in ticks of 1/100 s for user space (proc(5), `_SC_CLK_TCK`). */
const TICK_MICROS = 10_000;
/** Fields 14 and 15 of /proc/PID/stat are utime and stime; 12 follow the name in parentheses before them. */
const UTIME = 11;
const STIME = 12;

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
    cpuMicros: (Number(fields[UTIME]) + Number(fields[STIME])) * TICK_MICROS,
    peakRssMib: Math.round(peakKib / 1024),
  };
}
