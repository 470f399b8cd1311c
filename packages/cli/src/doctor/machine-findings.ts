import { readFile, statfs } from "node:fs/promises";
import { totalmem } from "node:os";
import type { AnyFinding } from "./kinds.ts";

const LEAST_DISK_SHARE = 0.05;
const LEAST_DISK_BYTES = 2 ** 30;
const LEAST_MEMORY_SHARE = 0.05;
const GIB = 2 ** 30;

/** Room on a machine, bytes. */
export interface MachineRoom {
  readonly freeBytes: number;
  readonly diskBytes: number;
  /** Undefined where the system does not say it. */
  readonly availableBytes: number | undefined;
  readonly memoryBytes: number;
}

/** What is not as it should be with the machine: the disk of a data folder, and memory. @param read the room that there is */
export async function machineFindings(
  dataDir: string,
  read: (dataDir: string) => Promise<MachineRoom> = readRoom,
): Promise<AnyFinding[]> {
  const { freeBytes, diskBytes, availableBytes, memoryBytes } = await read(dataDir);
  const findings: AnyFinding[] = [];
  if (freeBytes < Math.min(LEAST_DISK_BYTES, diskBytes * LEAST_DISK_SHARE)) {
    const detail = `${(freeBytes / GIB).toFixed(2)} GiB are free`;
    findings.push({ code: "disk_full", subject: dataDir, detail });
  }
  if (availableBytes !== undefined && availableBytes < memoryBytes * LEAST_MEMORY_SHARE) {
    const detail = `${(availableBytes / GIB).toFixed(2)} of ${(memoryBytes / GIB).toFixed(1)} GiB are available`;
    findings.push({ code: "memory_full", subject: "this machine", detail });
  }
  return findings;
}

async function readRoom(dataDir: string): Promise<MachineRoom> {
  const { bavail, blocks, bsize } = await statfs(dataDir);
  return {
    freeBytes: bavail * bsize,
    diskBytes: blocks * bsize,
    availableBytes: await availableMemory(),
    memoryBytes: totalmem(),
  };
}

/** Memory that programs could still take, bytes: what is cached counts. Undefined where the system does not say it. */
async function availableMemory(): Promise<number | undefined> {
  try {
    const text = await readFile("/proc/meminfo", "utf8");
    const kilobytes = /^MemAvailable:\s+(\d+) kB/m.exec(text)?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  } catch {
    // Other systems than Linux have no such file.
    return undefined;
  }
}
