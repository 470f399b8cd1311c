import { expect, it } from "vitest";
import { LagMeter, type PartitionLag } from "../../src/index.ts";

const WAIT_MS = 60;
const idle = {
  undelivered: 0,
  pending: 0,
  oldestAgeSeconds: 0,
  acknowledged: 0,
  lost: 0,
  stranded: false,
};

function lagOf(more: Partial<PartitionLag>): PartitionLag {
  return {
    partition: 0,
    ...idle,
    owner: "w1",
    epoch: 1,
    position: "0-0",
    committedEvents: 0,
    deadLetters: 0,
    oldestDeadLetterAgeSeconds: 0,
    warehouse: idle,
    outbox: { entries: 0, oldestAgeSeconds: 0 },
    ...more,
  };
}

/** A meter over readings that are given out one by one, the last one again and again. */
function meterOf(...readings: readonly (readonly PartitionLag[])[]): LagMeter {
  let next = 0;
  return new LagMeter(async () => {
    const reading = readings[Math.min(next, readings.length - 1)] ?? [];
    next += 1;
    return [...reading];
  }, WAIT_MS);
}

it("takes two readings where there is none, and rates from what was done between", async () => {
  const startedAt = performance.now();
  const report = await meterOf(
    [lagOf({ undelivered: 30, acknowledged: 100, committedEvents: 1000 })],
    [lagOf({ undelivered: 10, pending: 10, acknowledged: 110, committedEvents: 1500 })],
  ).measure();
  const seconds = (performance.now() - startedAt) / 1000;
  const [partition] = report.partitions;
  // A hundred events of fifty each: the time between the readings cancels out.
  expect((partition?.eventsPerSecond ?? 0) / (partition?.entriesPerSecond ?? 0)).toBeCloseTo(50);
  expect(partition?.secondsToDrain).toBeCloseTo(20 / (partition?.entriesPerSecond ?? 0));
  expect(partition?.entriesPerSecond).toBeGreaterThanOrEqual(10 / seconds);
  expect(report.total).toMatchObject({ undelivered: 10, pending: 10 });
});

it("does not wait where there is an earlier reading", async () => {
  const meter = meterOf([lagOf({})], [lagOf({})], [lagOf({ acknowledged: 6 })]);
  await meter.measure();
  await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
  const report = await meter.measure();
  expect(report.partitions[0]?.entriesPerSecond).toBeGreaterThan(0);
});

it.each([
  ["never, where something waits and nothing is done", { oldestAgeSeconds: 60 }, null],
  ["nothing yet, where it came between the readings", { oldestAgeSeconds: 0.001 }, 0],
])("drains %s", async (_, lag, expected) => {
  const waiting = lagOf({ undelivered: 1, ...lag });
  const done = lagOf({ partition: 1 });
  const report = await meterOf([waiting, done]).measure();
  expect(report.partitions.map(({ secondsToDrain }) => secondsToDrain)).toEqual([expected, 0]);
  expect(report.total.secondsToDrain).toBe(expected);
});
