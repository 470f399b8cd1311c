import { expect, it } from "vitest";
import { verdictOf } from "../support/chaos-verdict.ts";
import { tributary } from "../support/tributary.ts";

const SEED = process.env["TRIBUTARY_CHAOS_SEED"] ?? "1";
const TIMEOUT_MS = 180_000;

it(
  `through a fault of every kind, every event has exactly its effect (seed ${SEED})`,
  { timeout: TIMEOUT_MS },
  async () => {
    const args = ["chaos", "--seed", SEED, "--seconds", "20", "--every", "1200", "--json"];
    const result = await tributary(args);
    const verdict = verdictOf(result);
    expect(verdict.problems).toEqual([]);
    expect(verdict).toMatchObject({
      seed: Number(SEED),
      acknowledged: verdict.events,
      lost: 0,
      duplicated: 0,
      wrongCredits: 0,
      auditDifferences: 0,
      unexplained: 0,
    });
    expect(verdict.faults).toBeGreaterThan(10);
    expect(verdict.events).toBeGreaterThan(5000);
    expect(verdict.conversions).toBeGreaterThan(500);
    expect(verdict.erased).toBeGreaterThan(200);
    expect(Object.keys(verdict.recoveryMs).length).toBeGreaterThan(8);
    expect(result.code).toBe(0);
  },
);

it(
  "scaling from one worker to four and to two loses nothing",
  { timeout: TIMEOUT_MS },
  async () => {
    const args = ["chaos", "--scale", "1,4,2", "--seconds", "15", "--json"];
    const result = await tributary(args);
    const verdict = verdictOf(result);
    expect(verdict.problems).toEqual([]);
    expect(verdict.faults).toBe(5);
    expect(result.code).toBe(0);
  },
);
