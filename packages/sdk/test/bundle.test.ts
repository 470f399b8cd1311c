import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import { bundle, MOST_GZIPPED_BYTES } from "../scripts/bundle.ts";

it.each(["iife", "esm"] as const)("%s is small, and has no word of Node's", async (format) => {
  const { code, gzippedBytes } = await bundle(format);
  console.log(`${format}: ${code.length} bytes, ${gzippedBytes} gzipped`);
  expect(gzippedBytes).toBeLessThan(MOST_GZIPPED_BYTES);
  expect(code).not.toMatch(/node:|require\(|process\./);
});

it("sets tributary.Tributary where a script element loads it", async () => {
  const { code } = await bundle("iife");
  expect(runInNewContext(`${code};typeof tributary.Tributary`, { TextEncoder })).toBe("function");
});
