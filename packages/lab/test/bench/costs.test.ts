import { expect, test } from "vitest";
import { costsBetween, type Snapshot } from "../../src/bench/costs.ts";

const before: Snapshot = {
  usage: { gateway: { cpuMicros: 1000, peakRssMib: 80 } },
  commands: new Map([
    ["xadd", 500],
    ["hget", 10],
  ]),
  memoryBytes: 1_000_000,
  publishedBytes: 5000,
};

test("costs are the usage between two snapshots, per event", () => {
  const after: Snapshot = {
    usage: {
      gateway: { cpuMicros: 5000, peakRssMib: 95 },
      worker: { cpuMicros: 2000, peakRssMib: 120 },
    },
    commands: new Map([
      ["hget", 10],
      ["xadd", 900],
      ["evalsha", 1700],
    ]),
    memoryBytes: 1_100_000,
    publishedBytes: 45_000,
  };
  const costs = costsBetween(before, after, 1000);
  expect(costs).toEqual({
    cpuMicrosPerEvent: { gateway: 4, worker: 2 },
    redisMicrosPerEvent: { evalsha: 1.7, xadd: 0.4 },
    redisBytesPerEvent: 40,
    redisKeptBytesPerEvent: 100,
    peakRssMiB: { gateway: 95, worker: 120 },
  });
  expect(Object.keys(costs.redisMicrosPerEvent)).toEqual(["evalsha", "xadd"]);
});
