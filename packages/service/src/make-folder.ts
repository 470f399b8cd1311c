import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Only the process' own user reads it. */
const PRIVATE = 0o700;

/**
 * Makes a folder and those above it where they are not there, for this user alone. Node's own recursive mkdir never returns where a
 * folder above is there and cannot have children, as in `/proc`.
 * @throws Error of the system where one cannot be made, or is no folder
 */
export function makeFolder(path: string): void {
  const missing: string[] = [];
  for (let at = resolve(path); !existsSync(at) && at !== dirname(at); at = dirname(at)) {
    missing.push(at);
  }
  for (const folder of missing.toReversed()) {
    try {
      mkdirSync(folder, { mode: PRIVATE });
    } catch (error) {
      // Another process was quicker.
      if (!existsSync(folder)) throw error;
    }
  }
  if (!statSync(path).isDirectory()) throw new Error(`${path} is no folder`);
}
