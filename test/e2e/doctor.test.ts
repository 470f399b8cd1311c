/** `tributary doctor` beside a real platform: silent while all is well or passes by itself, and it finds what is made by hand. */
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { jsonOf, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const PARTITIONS = 4;
const LEASE_IS_OVER_MS = 5000;

interface Diagnosis {
  readonly findings: readonly { readonly code: string; readonly subject: string }[];
  readonly mended: readonly { readonly code: string }[];
}

let platform: Platform;
let client: Redis;
const data = temporaryDataDir();

beforeAll(async () => {
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    workers: 2,
    partitions: PARTITIONS,
    environment: { ...process.env, OTEL_TRACES_EXPORTER: "none" },
  });
  client = new Redis(platform.redisUrl);
}, TIMEOUT_MS);
afterAll(async () => {
  client?.disconnect();
  await platform?.stop();
  data.remove();
});

async function doctor(...flags: readonly string[]): Promise<Diagnosis & { code: number | null }> {
  const result = await tributary(["doctor", "--data", data.dir, "--json", ...flags]);
  return { ...jsonOf<Diagnosis>({ ...result, code: 0 }), code: result.code };
}

const pidOf = (name: string): number =>
  platform.processes().find((process) => process.name === name)?.pid ?? NaN;

const codesOf = ({ findings }: Diagnosis): string[] =>
  [...new Set(findings.map(({ code }) => code))].toSorted();

it("finds nothing where all is well, and says so", { timeout: TIMEOUT_MS }, async () => {
  expect(await doctor("--wait", "2")).toEqual({ findings: [], mended: [], code: 0 });
  const { stdout, code } = await tributary(["doctor", "--data", data.dir, "--wait", "2"]);
  expect({ stdout, code }).toEqual({ stdout: "Nothing is wrong.\n", code: 0 });
});

it("takes a takeover for none", { timeout: TIMEOUT_MS }, async () => {
  process.kill(pidOf("worker-1"), "SIGKILL");
  expect(await doctor()).toEqual({ findings: [], mended: [], code: 0 });
});

describe("faults of processes", () => {
  it("a loader that is stopped", { timeout: TIMEOUT_MS }, async () => {
    const pid = pidOf("reports");
    process.kill(pid, "SIGSTOP");
    onTestFinished(() => void process.kill(pid, "SIGCONT"));
    const found = await doctor("--wait", "1");
    expect(found.code).toBe(1);
    expect(codesOf(found)).toEqual(["metrics_unreachable", "process_unhealthy", "process_unready"]);
    expect(new Set(found.findings.map(({ subject }) => subject))).toEqual(new Set(["reports"]));
  });

  it("workers that are stopped", { timeout: TIMEOUT_MS }, async () => {
    const pids = ["worker-1", "worker-2"].map(pidOf);
    for (const pid of pids) process.kill(pid, "SIGSTOP");
    onTestFinished(() => {
      for (const pid of pids) process.kill(pid, "SIGCONT");
    });
    await sleep(LEASE_IS_OVER_MS);
    const found = await doctor("--wait", "1");
    expect(codesOf(found)).toEqual([
      "metrics_unreachable",
      "process_unhealthy",
      "process_unready",
      "worker_missing",
    ]);
  });
});

describe("--fix", () => {
  it(
    "makes groups again that nobody running would, and sets Redis right",
    { timeout: TIMEOUT_MS },
    async () => {
      const pids = ["worker-1", "worker-2", "reports"].map(pidOf);
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      onTestFinished(() => {
        for (const pid of pids) process.kill(pid, "SIGCONT");
      });
      await client.xgroup("DESTROY", "{p00}:events", "attribution");
      await client.xgroup("DESTROY", "{p01}:results", "warehouse");
      await client.config("SET", "maxmemory-policy", "allkeys-lru");
      const found = await doctor("--fix", "--wait", "0");
      expect(found.mended.map(({ code }) => code).toSorted()).toEqual([
        "group_lost",
        "redis_eviction",
      ]);
      expect(codesOf(found)).not.toEqual(expect.arrayContaining(["group_lost"]));
      expect(await client.config("GET", "maxmemory-policy")).toEqual([
        "maxmemory-policy",
        "noeviction",
      ]);
    },
  );

  it("says in words what is wrong and what mends it", { timeout: TIMEOUT_MS }, async () => {
    await client.config("SET", "appendonly", "no");
    onTestFinished(async () => void (await client.config("SET", "appendonly", "yes")));
    const { stdout, code } = await tributary(["doctor", "--data", data.dir, "--wait", "0"]);
    expect(code).toBe(1);
    expect(stdout).toContain("fault    redis_append_only");
    expect(stdout).toContain("To mend it: tributary doctor --fix, or CONFIG SET appendonly yes.");
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(/^\d faults?, \d warnings?\.$/);
  });
});
