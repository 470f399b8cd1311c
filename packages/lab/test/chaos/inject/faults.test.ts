import { expect, test } from "vitest";
import {
  FAULT_KINDS,
  faultSchedule,
  scaleSchedule,
  WORKERS,
} from "../../../src/chaos/inject/faults.ts";

const options = { seconds: 60, kinds: FAULT_KINDS, everyMs: 1500, leaseMs: 2500 };

test("the same seed gives the same schedule, another seed another", () => {
  const first = faultSchedule({ ...options, seed: 7 });
  expect(faultSchedule({ ...options, seed: 7 })).toEqual(first);
  expect(faultSchedule({ ...options, seed: 8 })).not.toEqual(first);
});

test("every kind comes, within the run, and outlasts a lease where it must", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    const schedule = faultSchedule({ ...options, seed });
    const kinds = new Set(schedule.map(({ kind }) => kind));
    expect(kinds.size).toBeGreaterThanOrEqual(FAULT_KINDS.length - 1);
    for (const { kind, atMs, forMs } of schedule) {
      expect(atMs).toBeGreaterThan(1000);
      expect(atMs).toBeLessThan(59_000);
      if (kind === "worker_pause" || kind === "half_open") expect(forMs).toBeGreaterThan(2500);
    }
  }
});

test("workers are added and taken away within their bounds", () => {
  for (let seed = 1; seed <= 50; seed += 1) {
    let workers: number = WORKERS.first;
    for (const { kind } of faultSchedule({ ...options, seed, seconds: 600 })) {
      if (kind === "worker_add") workers += 1;
      if (kind === "worker_remove") workers -= 1;
      expect(workers).toBeGreaterThanOrEqual(WORKERS.fewest);
      expect(workers).toBeLessThanOrEqual(WORKERS.most);
    }
  }
});

test("scaling goes through the numbers in equal parts", () => {
  const steps = scaleSchedule([1, 4, 2], 30).map(({ kind, atMs }) => `${atMs} ${kind}`);
  expect(steps).toEqual([
    "10000 worker_add",
    "10000 worker_add",
    "10000 worker_add",
    "20000 worker_remove",
    "20000 worker_remove",
  ]);
});
