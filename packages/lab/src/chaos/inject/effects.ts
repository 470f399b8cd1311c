import { pause } from "@tributary/platform/client";
import type { Fault } from "./faults.ts";

/** What came of a fault. */
export interface Effect {
  /** What was hit, for a person. */
  readonly what: string;
  /** Until work went on everywhere; undefined where it did not within the bound. */
  readonly recoveryMs: number | undefined;
}

const BOUND_MS = 30_000;
const POLL_MS = 10;

/** A second number in [0, 1) out of a fault's one. */
export function fractionOf({ target }: Fault): number {
  return (target * 1000) % 1;
}

/** Waits for what a fault needs. @throws Error where it is not there within the bound, 30 s where none is given */
export async function until(
  what: string,
  condition: () => Promise<boolean>,
  boundMs = BOUND_MS,
): Promise<void> {
  const end = Date.now() + boundMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${boundMs / 1000} s`);
    await pause(POLL_MS);
  }
}
