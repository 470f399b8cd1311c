import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const gc: unknown = runInNewContext("gc");

/**
 * Collects this thread's garbage now. V8 does so by itself only where something is allocated: tables that were dropped
 * would stay in memory as long as nothing else happens.
 */
export function collectGarbage(): void {
  if (typeof gc === "function") gc();
}
