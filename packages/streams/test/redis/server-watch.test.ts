import { readTelemetryConfig, startTelemetry } from "@tributary/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  faultsOf,
  joinPlatform,
  type RedisClient,
  type RedisRules,
  type ServerSettings,
  type ServerWatch,
  waitUntilReady,
} from "../../src/index.ts";

const RULES: RedisRules = { evictionAllowed: false, durable: false, checkMs: 50 };
let redis: RedisServer;
let client: RedisClient;
let lines: string[];

beforeAll(async () => {
  redis = await startRedis();
  client = await connect(redis.url);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});
beforeEach(async () => {
  lines = [];
  await set("maxmemory-policy", "noeviction");
  await set("appendonly", "yes");
});

async function connect(url: string): Promise<RedisClient> {
  const connected = connectRedis(url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(connected, 5000);
  return connected;
}

const set = async (name: string, value: string): Promise<unknown> =>
  client.call("CONFIG", ["SET", name, value]);
const telemetry = () =>
  startTelemetry({
    serviceName: "test",
    serviceVersion: "0",
    instanceId: "t",
    config: readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none" }),
    logDestination: { write: (line: string) => void lines.push(line) },
  });
function join(rules: Partial<RedisRules> = {}, from: RedisClient = client): Promise<ServerWatch> {
  const options = { partitions: 2, timeoutMs: 1000, telemetry: telemetry() };
  return joinPlatform(from, { ...options, rules: { ...RULES, ...rules } });
}

describe("a service does not start", () => {
  it("on a Redis that evicts keys, unless it is allowed, with a warning", async () => {
    await set("maxmemory-policy", "allkeys-lru");
    await expect(join()).rejects.toMatchObject({
      code: "redis_unfit",
      message:
        "this Redis evicts keys when its memory is full (maxmemory-policy allkeys-lru), and with them events that were accepted: set maxmemory-policy noeviction, or TRIBUTARY_REDIS_EVICTION=allowed",
    });
    expect(lines).toEqual([]);
    const watch = await join({ evictionAllowed: true });
    onTestFinished(async () => watch.stop());
    expect(watch.reason).toBeUndefined();
    expect(lines.join("")).toMatch(/"level":"warn".*TRIBUTARY_REDIS_EVICTION=allowed lets it/);
  });

  it("without an append-only file where it must be durable; else it is warned", async () => {
    await set("appendonly", "no");
    await expect(join({ durable: true })).rejects.toThrow(
      "this Redis writes no append-only file, and loses its data when it ends: set appendonly yes, which TRIBUTARY_REDIS_DURABLE=on asks for",
    );
    const watch = await join();
    await watch.stop();
    expect(lines.join("")).toMatch(/"level":"warn".*writes no append-only file/);
  });

  it("on a read-only replica", async () => {
    const replica = await startRedis();
    onTestFinished(async () => replica.close());
    const connected = await connect(replica.url);
    onTestFinished(() => connected.disconnect());
    await connected.call("REPLICAOF", ["127.0.0.1", String(redis.port)]);
    await expect(join({}, connected)).rejects.toThrow(
      "this Redis is a read-only replica: set REDIS_URL to its master",
    );
  });
});

it("says what it cannot check where the user may not ask", async () => {
  await client.call("ACL", ["SETUSER", "shy", "on", ">pass", "~*", "+@all", "-info", "-config"]);
  const shy = await connect(redis.url.replace("redis://", "redis://shy:pass@"));
  onTestFinished(() => shy.disconnect());
  const watch = await join({}, shy);
  await watch.stop();
  expect(lines.join("")).toMatch(/"level":"warn".*does not tell its version;.*maxmemory-policy/);
});

it("is not ready while the settings are unfit, and says so once, also in the metrics", async () => {
  const own = telemetry();
  const watch = await joinPlatform(client, {
    partitions: 2,
    timeoutMs: 1000,
    telemetry: own,
    rules: RULES,
  });
  onTestFinished(async () => watch.stop());
  const unfit = async (): Promise<unknown> =>
    (await own.metrics.getSingleMetricAsString("tributary_redis_unfit"))
      .split("\n")
      .filter((line) => line.includes("eviction"));
  expect(watch.reason).toBeUndefined();
  await set("maxmemory-policy", "volatile-ttl");
  await expect.poll(() => watch.reason, { timeout: 5000 }).toContain("volatile-ttl");
  await expect.poll(unfit).toEqual(['tributary_redis_unfit{fault="eviction"} 1']);
  await set("maxmemory-policy", "noeviction");
  await expect.poll(() => watch.reason, { timeout: 5000 }).toBeUndefined();
  expect(lines.filter((line) => line.includes("volatile-ttl"))).toHaveLength(1);
});

it("says of each group that was lost that it is created again", async () => {
  await agreeOnPlatform(client, 2);
  await ensureGroups(client, 2);
  await client.del("{p01}:facts");
  const watch = await join();
  await watch.stop();
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(/"partition":1,"stream":"facts","group":"warehouse".*created again/);
});

it("refuses versions before 7, of a node by its name", () => {
  const settings: ServerSettings = {
    node: "",
    version: "7.0.15",
    role: "master",
    evictionPolicy: "noeviction",
    appendOnly: true,
  };
  expect(faultsOf(settings, RULES)).toEqual([]);
  expect(faultsOf({ ...settings, version: "6.2.1", node: "10.0.0.1:6379" }, RULES)).toEqual([
    {
      fault: "version",
      refused: true,
      message: "the Redis node 10.0.0.1:6379 is version 6.2.1: use Redis 7.0 or later, or Valkey",
    },
  ]);
});
