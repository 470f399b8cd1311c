import { closeSync, fstatSync, openSync, readSync, renameSync, statSync } from "node:fs";
import { systemCode } from "../errors.ts";

/** A larger log is renamed when its service starts, bytes. */
const ROTATE_BYTES = 64 * 1024 * 1024;
/** How much of a log's end is looked through, bytes. */
const TAIL_BYTES = 64 * 1024;
/** pino's level for `error`. */
const PINO_ERROR = 50;

/** Opens a service's log for appending; a large one becomes `….1` first. @returns the file descriptor */
export function openLog(path: string): number {
  try {
    if (statSync(path).size > ROTATE_BYTES) renameSync(path, `${path}.1`);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  return openSync(path, "a", 0o600);
}

/** Bytes in a log now. */
export function logSize(path: string): number {
  try {
    return statSync(path).size;
  } catch (error) {
    if (systemCode(error) === "ENOENT") return 0;
    throw error;
  }
}

/**
 * The last message of a service at level error or above, after `from` bytes of its log; without one, its last line that
 * is no JSON (an uncaught error's message). Undefined where there is neither.
 */
export function lastProblem(path: string, from: number): string | undefined {
  const lines = tail(path, from).split("\n");
  let plain: string | undefined;
  for (let i = lines.length - 1; i >= 0; i -= 1) {
    const line = (lines[i] ?? "").trim();
    if (line === "") continue;
    const entry = parseLine(line);
    if (entry === undefined) {
      // Node prints an uncaught error's message above its stack, and its version below.
      if (plain === undefined || /^\w*(Error|Exception)\b.*: /.test(line)) {
        if (!line.startsWith("at ") && !line.startsWith("Node.js v")) plain = line;
      }
      continue;
    }
    if (!isProblem(entry["level"])) continue;
    const error = entry["err"];
    const detail = isRecord(error) && typeof error["message"] === "string" ? error["message"] : "";
    const message = typeof entry["msg"] === "string" ? entry["msg"] : "";
    return [...new Set([message, detail])].filter((part) => part !== "").join(": ") || line;
  }
  return plain;
}

function isProblem(level: unknown): boolean {
  return (
    level === "error" || level === "fatal" || (typeof level === "number" && level >= PINO_ERROR)
  );
}

function tail(path: string, from: number): string {
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (error) {
    if (systemCode(error) === "ENOENT") return "";
    throw error;
  }
  try {
    const size = fstatSync(file).size;
    const start = Math.max(from, size - TAIL_BYTES, 0);
    const buffer = Buffer.alloc(Math.max(size - start, 0));
    const read = readSync(file, buffer, 0, buffer.length, start);
    return buffer.toString("utf8", 0, read);
  } finally {
    closeSync(file);
  }
}

function parseLine(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isRecord(value) ? value : undefined;
  } catch {
    // A line cut off by the tail's start, or no JSON at all.
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
