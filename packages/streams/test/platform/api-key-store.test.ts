import { setTimeout as sleep } from "node:timers/promises";
import { ACCESS_KEY, apiKeysKey } from "@tributary/protocol";
import { readTelemetryConfig, startTelemetry } from "@tributary/telemetry";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { ApiKeyStore } from "../../src/platform/api-key-store.ts";
import {
  createApiKey,
  listApiKeys,
  openAccess,
  readAccess,
  revokeApiKey,
} from "../../src/platform/api-keys.ts";
import { connectRedis, type RedisClient, waitUntilReady } from "../../src/redis/client.ts";

const REFRESH_MS = 20;
const lines: string[] = [];
const telemetry = startTelemetry({
  serviceName: "test",
  serviceVersion: "0",
  instanceId: "test",
  config: readTelemetryConfig({ OTEL_TRACES_EXPORTER: "none" }),
  logDestination: { write: (line: string) => void lines.push(line) },
});
let redis: RedisServer;
let client: RedisClient;
beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 1000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
  await telemetry.shutdown();
});
beforeEach(async () => {
  await client.flushall();
});

/** A service that starts: its copy of the write keys. */
const starts = async (closed = false): Promise<ApiKeyStore> => {
  const store = new ApiKeyStore(
    client,
    { kind: "write", refreshMs: REFRESH_MS, closed },
    telemetry.logger,
  );
  onTestFinished(() => store.stop());
  await store.start();
  return store;
};
const becomes = async (wanted: unknown, look: () => unknown): Promise<void> => {
  for (let tries = 0; tries < 100 && (await look()) !== wanted; tries += 1) await sleep(REFRESH_MS);
  expect(await look()).toBe(wanted);
};
const make = async () => createApiKey(client, "write", { tenant: "acme", name: "shop" });

describe("access", () => {
  it("is open without ever a key, and closed from the first one on, over restarts", async () => {
    const running = await starts();
    expect([running.closed, await readAccess(client, "write")]).toEqual([false, undefined]);
    const { stored } = await make();
    await becomes(true, () => running.closed);
    expect(await openAccess(client, "write")).toBe(1);
    await revokeApiKey(client, "write", stored.id);
    expect((await starts()).closed).toBe(true);
  });

  it("is opened by its own command alone", async () => {
    const { stored } = await make();
    await revokeApiKey(client, "write", stored.id);
    const running = await starts();
    expect(await openAccess(client, "write")).toBe(0);
    await becomes(false, () => running.closed);
    expect((await starts()).closed).toBe(false);
    await make();
    await becomes(true, () => running.closed);
    expect(await readAccess(client, "write")).toBe("closed");
  });

  it("stays closed where Redis loses what it held, and is noted there again", async () => {
    const running = await starts();
    await make();
    await becomes(true, () => running.closed);
    await client.flushall();
    await becomes("closed", async () => readAccess(client, "write"));
    expect([running.closed, (await starts()).closed]).toEqual([true, true]);
  });

  it("stays closed by configuration, also on an empty Redis that says open", async () => {
    await openAccess(client, "write");
    expect((await starts(true)).closed).toBe(true);
    // A later start without the configuration's keys is closed as well.
    expect((await starts()).closed).toBe(true);
  });

  it("is closed by keys of an earlier version, which noted nothing", async () => {
    const { stored } = await make();
    await client.del(ACCESS_KEY);
    await revokeApiKey(client, "write", stored.id);
    expect((await starts()).closed).toBe(true);
  });
});

describe("a field that cannot be read", () => {
  it.each(["{", "null", "7", '"text"', '{"tenant":"acme"}', '{"tenant":"a b","hash":"x"}'])(
    "(%s) lets nobody in, and keeps no other key from being revoked",
    async (text) => {
      const running = await starts();
      const { stored } = await make();
      await becomes("acme", () => running.tenantOf(stored.hash));
      await client.hset(apiKeysKey("write"), "00000000", text);
      await revokeApiKey(client, "write", stored.id);
      await becomes(undefined, () => running.tenantOf(stored.hash));
      expect(await listApiKeys(client, "write")).toEqual({ keys: [], unreadable: ["00000000"] });
      expect((await starts()).closed).toBe(true);
      expect(lines.filter((line) => line.includes("cannot be read")).join("")).toContain(
        '"id":"00000000"',
      );
      expect(await revokeApiKey(client, "write", "00000000")).toBe(true);
    },
  );
});
