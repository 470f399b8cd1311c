import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);

/** Allocates 4 GiB of buffers that nobody keeps, and prints how often the whole heap was collected meanwhile. */
const PROGRAM = `
  import { constants, PerformanceObserver } from "node:perf_hooks";
  import { expectShortLivedBuffers } from ${JSON.stringify(
    new URL("../src/garbage-limits.ts", import.meta.url).href,
  )};
  if (process.argv.includes("short-lived")) expectShortLivedBuffers();
  let collections = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries())
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) collections += 1;
  });
  observer.observe({ entryTypes: ["gc"] });
  let last;
  for (let turn = 0; turn < 64; turn += 1) {
    for (let buffer = 0; buffer < 1024; buffer += 1) last = Buffer.alloc(65_536, turn);
    await new Promise((resolve) => setImmediate(resolve));
  }
  console.log(collections);
`;

test("buffers that live for milliseconds do not bring on collections of the whole heap", async () => {
  const collections = async (...args: string[]): Promise<number> => {
    const { stdout } = await run(process.execPath, [
      "--input-type=module",
      "--eval",
      PROGRAM,
      "--",
      ...args,
    ]);
    return Number(stdout);
  };
  const [unset, set] = [await collections(), await collections("short-lived")];
  expect(unset).toBeGreaterThan(5);
  expect(set).toBeLessThan(unset / 2);
});
