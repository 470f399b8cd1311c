import { expect, test } from "vitest";
import { processUsage } from "../../src/bench/process-usage.ts";

test.runIf(process.platform === "linux")("reads what this process has used", () => {
  const { user, system } = process.cpuUsage();
  const until = performance.now() + 200;
  while (performance.now() < until);
  const usage = processUsage(process.pid);
  expect(usage?.cpuMicros).toBeGreaterThan(user + system);
  expect(usage?.cpuMicros).toBeLessThan(user + system + 10_000_000);
  expect(usage?.peakRssMib).toBeGreaterThan(20);
});
