import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { runInNewContext } from "node:vm";
import { gzipSync } from "node:zlib";
import { expect, it } from "vitest";
import { MOST_GZIPPED_BYTES } from "../scripts/bundle.ts";

const folder = join(import.meta.dirname, "..");

it("npm run build:sdk builds a small browser client that needs nothing else, and a Node client", async () => {
  const script = join(folder, "scripts/build.ts");
  const { status, stdout, stderr } = spawnSync(process.execPath, [script], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  console.log(stdout);
  for (const name of ["tributary.js", "tributary.mjs"]) {
    const code = readFileSync(join(folder, "dist", name), "utf8");
    const gzippedBytes = gzipSync(code, { level: 9 }).length;
    expect(stdout).toContain(`${name}: ${Buffer.byteLength(code)} bytes, ${gzippedBytes} gzipped`);
    expect(gzippedBytes).toBeLessThan(MOST_GZIPPED_BYTES);
    expect(code).not.toMatch(/node:|require\(|process\./);
  }
  const code = readFileSync(join(folder, "dist/tributary.js"), "utf8");
  const set: unknown = runInNewContext(`${code};typeof tributary.Tributary`, { TextEncoder });
  expect(set).toBe("function");
  const node = (await import(join(folder, "dist/tributary-node.mjs"))) as Record<string, unknown>;
  expect(Object.keys(node)).toEqual(["Tributary"]);
});
