import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey } from "@tributary/protocol";
import {
  agreeOnPlatform,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  GroupMember,
  waitUntilReady,
} from "@tributary/streams";
import { readTelemetryConfig, startTelemetry } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { startRedis } from "../../../test/support/redis-server.ts";
import { MemoryBudget } from "../src/partition/memory-budget.ts";
import { createWorkerMetrics } from "../src/metrics.ts";
import { buildServer } from "../src/server.ts";

const PARTITIONS = 3;
const STALL_MS = 800;

test("health names the partition that has entries and gets nowhere, and is well when it goes on", async () => {
  const redis = await startRedis();
  onTestFinished(async () => redis.close());
  const client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  onTestFinished(() => client.disconnect());
  await waitUntilReady(client, 5000);
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
  const telemetry = startTelemetry({
    serviceName: "tributary-worker",
    serviceVersion: "0",
    instanceId: "test",
    config: readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none", LOG_LEVEL: "fatal" }),
    logDestination: { write: () => undefined },
  });
  let goOn = (): void => undefined;
  const processor = {
    restore: async () => undefined,
    forget: async () => undefined,
    process: async () => {
      await new Promise<void>((resolve) => (goOn = resolve));
      return { facts: undefined, results: [], books: new Map<string, number>() };
    },
    committed: () => ({ factsFrom: undefined, rebuild: false }),
  };
  const consumer = { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 100 };
  const options = {
    worker: "w1",
    partitions: PARTITIONS,
    leaseMs: 900,
    heartbeatMs: 100,
    consumer,
  };
  const member = new GroupMember(client, processor, options, telemetry.logger);
  member.start();
  const memory = new MemoryBudget(
    {
      limitBytes: 1,
      residentBytes: () => 0,
      partitionBytes: () => 0,
      relief: () => ({ factsFrom: undefined, rebuild: false }),
      collect: async () => undefined,
    },
    telemetry.logger,
  );
  const stateSize = () => ({ facts: 0, users: 0, bytes: 9, vocabularyBytes: 7 });
  const metrics = createWorkerMetrics(telemetry);
  const threads = { use: () => [{ thread: 0, utilization: 0.25, waiting: 3 }] };
  const server = buildServer(
    { client, member, threads, stateSize, memory, telemetry, metrics },
    STALL_MS,
  );
  const { body: figures } = await server.inject("/metrics");
  expect(figures).toContain('tributary_thread_utilization_ratio{thread="0"} 0.25');
  expect(figures).toContain('tributary_thread_tasks{thread="0"} 3');
  expect(figures).toContain("tributary_redis_connections 1");
  expect(figures).toContain("tributary_vocabulary_bytes 7");
  const health = async (): Promise<{ statusCode: number; body: unknown }> => {
    const { statusCode, body } = await server.inject("/healthz");
    return { statusCode, body: JSON.parse(body) };
  };
  const until = async (wanted: number): Promise<void> => {
    for (let i = 0; i < 200 && (await health()).statusCode !== wanted; i += 1) await sleep(50);
  };
  while (member.owned.length < PARTITIONS) await sleep(20);
  await sleep(STALL_MS * 1.5);
  expect(await health()).toEqual({
    statusCode: 200,
    body: { status: "ok", partitions: [0, 1, 2], draining: false },
  });
  await client.xadd(eventsKey(1), "*", "n", 1, "b", "slow");
  await until(503);
  expect(await health()).toEqual({
    statusCode: 503,
    body: { status: "unhealthy", reason: "no progress in partitions 1 for 0.8 s", stalled: [1] },
  });
  goOn();
  await until(200);
  expect((await health()).statusCode).toBe(200);
  await member.stop();
  expect(await client.hget("{p01}:state", "events")).toBe("1");
  await sleep(STALL_MS * 1.5);
  expect(await health()).toMatchObject({ statusCode: 503, body: { stalled: [] } });
  await server.close();
  await telemetry.shutdown();
});
