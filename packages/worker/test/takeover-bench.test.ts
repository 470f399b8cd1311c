import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const BENCH = fileURLToPath(new URL("bench/takeover.ts", import.meta.url));

test("the takeover bench rebuilds a partition as a worker does, and prints its figures as one JSON object", async () => {
  const args = [BENCH, "--touchpoints", "20000", "--runs", "2", "--block-events", "500"];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { shapes } = JSON.parse(stdout) as { shapes: Record<string, number>[] };
  expect(shapes.map(({ users, touchpoints }) => [users, touchpoints])).toEqual([
    [5000, 20_000],
    [1000, 20_000],
  ]);
  for (const shape of shapes) {
    for (const name of [
      "restoreTouchpointsPerSecond",
      "restoreTouchpointsPerCpuSecond",
      "takeoverTouchpointsPerSecond",
      "firstTakeoverTouchpointsPerSecond",
      "processEventsPerSecond",
    ]) {
      expect(shape[name]).toBeGreaterThan(1000);
    }
    // An ID and a key alone are 26 bytes; a record is 32.
    expect(shape["redisBytesPerTouchpoint"]).toBeGreaterThan(26);
    expect(shape["redisBytesPerTouchpoint"]).toBeLessThan(60);
    expect(shape["memoryBytesPerTouchpoint"]).toBeGreaterThan(32);
    expect(shape["memoryBytesPerTouchpoint"]).toBeLessThan(80);
  }
});
