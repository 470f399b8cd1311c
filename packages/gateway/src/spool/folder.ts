/** The spool's folder: segments, oldest first, and the lock of the gateway that owns it. */
import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { makeFolder } from "@tributary/service";

const LOCK = "lock";
const SEGMENT = /^\d{13}-\d{6}\.spool$/;
/** Suffixes of files for an operator: segments that cannot be read, and batches that cannot be published. */
const DAMAGED = ".damaged";
const QUARANTINED = ".quarantined";

/** A file of records. */
export interface SegmentFile {
  readonly path: string;
  /** Bytes in it. */
  readonly bytes: number;
  /** When it was begun, ms since 1970. */
  readonly startedAtMs: number;
}

/**
 * Locks a folder for this process: a second gateway in it would forward and delete segments that the first one still writes.
 * @throws Error where a living process has it, or it cannot be written
 */
export async function takeFolder(dir: string): Promise<void> {
  makeFolder(dir);
  const path = join(dir, LOCK);
  for (let tries = 0; ; tries += 1) {
    try {
      const file = await open(path, "wx", 0o600);
      await file.writeFile(`${process.pid}\n`);
      await file.close();
      return;
    } catch (error) {
      if (tries > 0 || !(error instanceof Error && "code" in error && error.code === "EEXIST")) {
        throw error;
      }
    }
    const holder = Number.parseInt(await readFile(path, "utf8"), 10);
    // In a container every gateway may have the same process ID: then the lock is an earlier process's.
    if (holder !== process.pid && isAlive(holder)) {
      throw new Error(`${dir} is the spool of process ${holder}: give each gateway its own`);
    }
    await rm(path, { force: true });
  }
}

export async function leaveFolder(dir: string): Promise<void> {
  await rm(join(dir, LOCK), { force: true });
}

/** The segments of a folder, oldest first. */
export async function listSegments(dir: string): Promise<SegmentFile[]> {
  const names = (await readdir(dir)).filter((name) => SEGMENT.test(name)).toSorted();
  return Promise.all(
    names.map(async (name) => {
      const path = join(dir, name);
      return { path, bytes: (await stat(path)).size, startedAtMs: Number.parseInt(name, 10) };
    }),
  );
}

/** Keeps a segment that cannot be read, under another name. */
export async function keepDamaged(path: string): Promise<void> {
  await rename(path, path + DAMAGED);
}

/**
 * Keeps a record that cannot be published, in a file beside its segment's.
 * @param maxBytes of all such files in the folder
 * @returns false where there is no room for it
 */
export async function quarantine(
  segmentFile: string,
  record: Buffer,
  maxBytes: number,
): Promise<boolean> {
  const dir = dirname(segmentFile);
  const names = (await readdir(dir)).filter((name) => name.endsWith(QUARANTINED));
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(dir, name))).size));
  if (sizes.reduce((sum, size) => sum + size, record.length) > maxBytes) return false;
  const file = await open(segmentFile + QUARANTINED, "a", 0o600);
  try {
    await file.appendFile(record);
    await file.datasync();
  } finally {
    await file.close();
  }
  return true;
}

/** The path of a new segment. @param number within this process, for several of one millisecond */
export function segmentPath(dir: string, startedAtMs: number, number: number): string {
  const digits = (value: number, width: number): string => String(value).padStart(width, "0");
  return join(dir, `${digits(startedAtMs, 13)}-${digits(number % 1_000_000, 6)}.spool`);
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    // Signal 0 only asks whether the process is there.
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and belongs to another user.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
