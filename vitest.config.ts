import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "test/**/*.test.ts"],
    // Tests start real Redis servers, real chDB and whole platforms.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // chDB is a native library with one engine per process, so a file gets a process, not a thread.
    pool: "forks",
    // Timings are asserted here and there: more files at once than cores would disturb them.
    maxWorkers: 2,
  },
});
