import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startRedis } from "./support/redis.ts";

const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url));
let redis: Awaited<ReturnType<typeof startRedis>>;
let dataDir: string;

beforeAll(async () => {
  redis = await startRedis();
  dataDir = await mkdtemp(join(tmpdir(), "tributary-main-"));
});
afterAll(async () => {
  await redis.stop();
  await rm(dataDir, { recursive: true, force: true });
});

interface Line {
  readonly level: string;
  readonly msg: string;
  readonly address?: string;
}

function start(env: Record<string, string>): ChildProcess {
  return spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env["PATH"],
      OTEL_TRACES_EXPORTER: "none",
      REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: dataDir,
      TRIBUTARY_PORT: "0",
      TRIBUTARY_PARTITIONS: "2",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** What a process that cannot start wrote, and its exit code. */
async function failure(env: Record<string, string>): Promise<{ code: unknown; output: string }> {
  const child = start(env);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const errors: Buffer[] = [];
  child.stderr?.on("data", (chunk: Buffer) => errors.push(chunk));
  const [code] = await once(child, "close");
  return { code, output: output + Buffer.concat(errors).toString() };
}

test("starts, answers, keeps its folder to itself, and ends on SIGTERM", async () => {
  const child = start({});
  let address = "";
  if (child.stdout === null) throw new Error("no output");
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Line;
    if (line.msg !== "reports listens") continue;
    address = line.address ?? "";
    break;
  }
  const ready = await fetch(`${address}/readyz`);
  expect(await ready.json()).toEqual({ status: "ready" });
  const second = await failure({});
  expect(second.code).toBe(1);
  expect(second.output).toContain(`is in use by process ${child.pid}: stop it`);
  expect(second.output).not.toContain("    at ");
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("says in a line what keeps it from starting", async () => {
  const config = await failure({ TRIBUTARY_PORT: "eighty" });
  expect(config).toEqual({
    code: 1,
    output: 'TRIBUTARY_PORT: expected a whole number from 0 to 65535, got "eighty"\n',
  });
  const partitions = await failure({ TRIBUTARY_PARTITIONS: "3" });
  expect(partitions.code).toBe(1);
  expect(partitions.output).toContain("set TRIBUTARY_PARTITIONS=2");
});
