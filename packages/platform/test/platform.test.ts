import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { PlatformOptions } from "../src/options.ts";
import { startPlatform } from "../src/platform.ts";
import { identify, isAlive } from "../src/client/process-identity.ts";
import { answersPing, isReadyRedis } from "../src/redis/redis-probe.ts";
import { readRunningPlatform } from "../src/client/running-platform.ts";
import { temporaryDir } from "../../../test/support/data-dir.ts";
import { fakeMains } from "../../../test/support/fake-mains.ts";

async function until(what: () => boolean | Promise<boolean>, timeoutMs = 15_000): Promise<void> {
  const end = Date.now() + timeoutMs;
  while (!(await what())) {
    if (Date.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function start(options: Partial<PlatformOptions> & { readonly dataDir: string }) {
  const platform = await startPlatform({ port: 0, mains: fakeMains, ...options });
  onTestFinished(() => platform.stop());
  return platform;
}

test(
  "syncs Redis's file as it is told, and refuses what it does not know",
  { timeout: 30_000 },
  async () => {
    const environment = { ...process.env, TRIBUTARY_APPENDFSYNC: "always" };
    const platform = await start({ dataDir: temporaryDir(), environment });
    const redis = connect(redisPort(platform.redisUrl), "127.0.0.1");
    onTestFinished(() => void redis.destroy());
    redis.write("CONFIG GET appendfsync\r\n");
    const [answer] = (await once(redis, "data")) as [Buffer];
    expect(answer.toString()).toBe("*2\r\n$11\r\nappendfsync\r\n$6\r\nalways\r\n");

    await expect(
      start({
        dataDir: temporaryDir(),
        environment: { ...environment, TRIBUTARY_APPENDFSYNC: "no" },
      }),
    ).rejects.toMatchObject({
      code: "usage",
      message: 'TRIBUTARY_APPENDFSYNC: expected everysec or always, got "no"',
    });
  },
);

const redisPort = (url: string): number => Number(new URL(url).port);

test(
  "starts Redis and the services, says where they are, and stops them in order",
  { timeout: 30_000 },
  async () => {
    const dataDir = temporaryDir();
    const trace = join(dataDir, "trace");
    const notes: string[] = [];
    const platform = await start({
      dataDir,
      workers: 2,
      environment: { ...process.env, FAKE_TRACE: trace },
      note: (line) => notes.push(line),
    });

    expect(await answersPing(redisPort(platform.redisUrl))).toBe(true);
    expect(readRunningPlatform(dataDir)).toMatchObject({
      pid: process.pid,
      ready: true,
      gatewayUrl: platform.gatewayUrl,
      reportsUrl: platform.reportsUrl,
      workers: [{ name: "worker-1" }, { name: "worker-2" }],
    });
    expect(platform.processes().map(({ name }) => name)).toEqual([
      "redis",
      "gateway",
      "worker-1",
      "worker-2",
      "reports",
    ]);

    await platform.stop();
    const name = (url: string): string => `port-${new URL(url).port}`;
    const stops = readFileSync(trace, "utf8")
      .split("\n")
      .filter((line) => line.startsWith("stop "));
    expect(stops[0]).toBe(`stop ${name(platform.gatewayUrl)}`);
    expect(stops.slice(1, 3).sort()).toEqual(["stop worker-1", "stop worker-2"]);
    expect(stops[3]).toBe(`stop ${name(platform.reportsUrl)}`);
    expect(notes).toEqual([
      "stopping gateway",
      "stopping worker-1, worker-2",
      "stopping reports",
      "stopping redis",
    ]);
    expect(await answersPing(redisPort(platform.redisUrl))).toBe(false);
    expect(existsSync(join(dataDir, "platform.json"))).toBe(false);
  },
);

test(
  "a second platform on the same folder is refused in one sentence",
  { timeout: 30_000 },
  async () => {
    const dataDir = temporaryDir();
    const first = await start({ dataDir });
    await expect(startPlatform({ dataDir, port: 0, mains: fakeMains })).rejects.toMatchObject({
      code: "already_running",
      message: expect.stringContaining(first.gatewayUrl) as string,
    });
    expect(readRunningPlatform(dataDir)).toBeDefined();
  },
);

test("a file left by a killed platform is no obstacle", { timeout: 30_000 }, async () => {
  const dataDir = temporaryDir();
  const stale = { ...identify(process.pid), startedTicks: "1" };
  const state = {
    ...stale,
    startedAt: "",
    ready: true,
    gatewayUrl: "",
    reportsUrl: "",
    redisUrl: "",
    workers: [],
    processes: [],
  };
  writeFileSync(join(dataDir, "platform.json"), JSON.stringify(state));
  expect(readRunningPlatform(dataDir)).toBeUndefined();
  await start({ dataDir });
  expect(readRunningPlatform(dataDir)?.ready).toBe(true);
});

test("services leave the code that Node compiled for their next start", async () => {
  const [dataDir, cache] = [temporaryDir(), temporaryDir()];
  const environment = { ...process.env, NODE_COMPILE_CACHE: cache };
  const platform = await startPlatform({ dataDir, port: 0, mains: fakeMains, environment });
  await platform.stop();
  const entries = readdirSync(cache, { recursive: true, withFileTypes: true });
  expect(entries.filter((entry) => entry.isFile()).length).toBeGreaterThan(1);
});

test("a port that was asked for and is taken is an error that names it", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const dataDir = temporaryDir();
  await expect(startPlatform({ dataDir, port, mains: fakeMains })).rejects.toMatchObject({
    code: "port_taken",
    message: expect.stringContaining(`port ${port} for the gateway`) as string,
  });
  expect(existsSync(join(dataDir, "platform.json"))).toBe(false);
});

test(
  "a service that ends while it starts is told with its last error, and nothing is left running",
  { timeout: 30_000 },
  async () => {
    const dataDir = temporaryDir();
    const failure = startPlatform({
      dataDir,
      port: 0,
      mains: fakeMains,
      environment: { ...process.env, FAKE_FAIL: "worker-1" },
    });
    await expect(failure).rejects.toMatchObject({
      code: "service_failed",
      message: expect.stringContaining(
        "worker-1 ended while it started: the disk is on fire",
      ) as string,
    });
    expect(existsSync(join(dataDir, "platform.json"))).toBe(false);
  },
);

test("what another start's service answers does not make a service ready", async () => {
  const dataDir = temporaryDir();
  const environment = { ...process.env, FAKE_INSTANCE_ID: "another-start" };
  const failure = startPlatform({
    dataDir,
    port: 0,
    mains: fakeMains,
    environment,
    readyTimeoutMs: 2000,
  });
  await expect(failure).rejects.toMatchObject({
    code: "service_failed",
    message: expect.stringContaining("was not ready within 2 s") as string,
  });
});

test("a Redis that another program started is not taken for the platform's own", async () => {
  const other = await start({ dataDir: temporaryDir() });
  const redisPid = other.processes().find(({ name }) => name === "redis")?.pid ?? 0;
  const port = redisPort(other.redisUrl);
  expect(await isReadyRedis(port, redisPid)).toBe(true);
  expect(await isReadyRedis(port, process.pid)).toBe(false);
  const exact = startPlatform({
    dataDir: temporaryDir(),
    port: 0,
    redisPort: port,
    mains: fakeMains,
  });
  await expect(exact).rejects.toMatchObject({ code: "port_taken" });
});

test("a service that dies is told and started again on its port", { timeout: 30_000 }, async () => {
  const notes: string[] = [];
  const platform = await start({ dataDir: temporaryDir(), note: (line) => notes.push(line) });
  const pidOf = (name: string): number | undefined =>
    platform.processes().find((process) => process.name === name)?.pid;
  for (const name of ["worker-1", "redis"]) {
    const before = pidOf(name) ?? 0;
    process.kill(before, "SIGKILL");
    await until(() => pidOf(name) !== undefined && pidOf(name) !== before);
  }
  await until(() => answersPing(redisPort(platform.redisUrl)));
  expect(notes[0]).toBe(
    "worker-1 ended unexpectedly (signal SIGKILL); starting it again in 0.25 s",
  );
  expect(notes[1]).toContain("redis ended unexpectedly");
  expect(readRunningPlatform(platform.dataDir)?.processes.map(({ pid }) => pid)).toContain(
    pidOf("redis"),
  );
});

test(
  "children do not survive a killed parent, and the folder can be used again",
  { timeout: 40_000 },
  async () => {
    const dataDir = temporaryDir();
    const program = fileURLToPath(new URL("./support/platform-child.ts", import.meta.url));
    const parent = spawn(process.execPath, [program, dataDir], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [data] = (await once(parent.stdout, "data")) as [Buffer];
    const children = (JSON.parse(data.toString()) as { pid: number }[]).map(({ pid }) =>
      identify(pid),
    );
    expect(children).toHaveLength(4);
    const gone = once(parent, "exit");
    parent.kill("SIGKILL");
    await gone;
    // It waits for the orphans: two Redis on one folder would spoil its file.
    const again = await start({ dataDir });
    expect(children.filter(isAlive)).toEqual([]);
    expect(again.processes()).toHaveLength(4);
  },
);
