import { defineConfig } from "vitest/config";
import { LongestFirst } from "./test/support/longest-first.ts";
import { readPropertySettings } from "./test/support/property-runs.ts";

const properties = readPropertySettings(process.env);

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // Tests start real Redis servers, real chDB and whole platforms.
    testTimeout: 30_000 * properties.factor,
    hookTimeout: 60_000,
    // chDB is a native library with one engine per process, so a file gets a process, not a thread.
    pool: "forks",
    // Timings are asserted here and there: more files at once than cores would disturb them.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    env: { TRIBUTARY_PROPERTY_SEED: String(properties.seed) },
    globalSetup: "test/support/print-property-seed.ts",
    setupFiles: "test/support/property-setup.ts",
  },
});
