import { afterAll, beforeAll, expect, test } from "vitest";
import {
  BLOCK_FIELD,
  deadLettersKey,
  factsKey,
  resultsKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import { agreeOnPlatform, ensureGroups, type RedisClient } from "@tributary/streams";
import { readConfig } from "../src/config.ts";
import { createReports, type ReportsService } from "../src/service.ts";
import { click, factBlock, purchase, resultBlock } from "./support/blocks.ts";
import { quietTelemetry, temporaryWarehouse } from "./support/parts.ts";
import { startRedis } from "./support/redis.ts";

const PARTITIONS = 2;
let client: RedisClient;
let service: ReportsService;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  const redis = await startRedis();
  const warehouse = await temporaryWarehouse();
  client = redis.client;
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
  const config = readConfig({
    TRIBUTARY_PARTITIONS: String(PARTITIONS),
    TRIBUTARY_LOAD_INTERVAL_MS: "10",
    OTEL_TRACES_EXPORTER: "none",
  });
  service = createReports(config, {
    client,
    engine: warehouse.engine,
    telemetry: quietTelemetry().telemetry,
    consumer: "test",
    seed: 1,
  });
  for (const loader of service.loaders) loader.start();
  cleanUp.push(
    async () => Promise.all(service.loaders.map(async (loader) => loader.stop())),
    () => service.server.close(),
    warehouse.remove,
    redis.stop,
  );
});
afterAll(async () => {
  for (const step of cleanUp) await step();
});

const append = async (key: string, block: Uint8Array): Promise<unknown> =>
  client.xadd(key, "*", BLOCK_FIELD, Buffer.from(block));

test("blocks of a real Redis are settled, reported, and bad ones kept", async () => {
  const bad = Buffer.from([1, 2, 3]);
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const id = `c${partition}`;
    await append(factsKey(partition), factBlock([click(`t${partition}`), purchase(id)]));
    await append(resultsKey(partition), resultBlock([purchase(id)], [click(`t${partition}`)], "3"));
  }
  await append(factsKey(1), bad);
  const settled = await service.server.inject("/v1/settled?timeoutMs=10000");
  expect(settled.json()).toEqual({ settled: true });
  const report = await service.server.inject("/v1/reports/attribution?model=linear&by=channel");
  expect(report.json()).toMatchObject({
    rows: [{ model: "linear", channel: "email", conversions: 2, value: "6", currency: "EUR" }],
    totals: { conversions: 2, attributed: 2, unattributed: 0 },
  });
  const [letter] = await client.xrangeBuffer(deadLettersKey(1), "-", "+");
  expect(letter?.[1]?.some((field) => field.equals(bad))).toBe(true);
  const lag = await service.server.inject("/v1/lag");
  expect(lag.json()).toMatchObject({ total: { warehouse: { entries: 0 } } });
});

const conversions = async (): Promise<number> => {
  const report = await service.server.inject("/v1/reports/attribution?model=linear&by=channel");
  return report.json<{ totals: { conversions: number } }>().totals.conversions;
};
async function appendPurchase(id: string): Promise<void> {
  await append(factsKey(0), factBlock([click(`t-${id}`), purchase(id)]));
  await append(resultsKey(0), resultBlock([purchase(id)], [click(`t-${id}`)], "3"));
}

test("what comes after its groups are lost, after FLUSHALL, and what they are set past, is loaded", async () => {
  const before = await conversions();
  for (const key of [factsKey(0), resultsKey(0)]) {
    await client.xgroup("DESTROY", key, WAREHOUSE_GROUP);
  }
  await appendPurchase("after-loss");
  await expect.poll(conversions, { timeout: 10_000 }).toBe(before + 1);
  await client.flushall();
  await appendPurchase("after-flush");
  await expect.poll(conversions, { timeout: 10_000 }).toBe(before + 2);
  // Set past both at once, so that the loaders cannot be faster.
  const transaction = client.multi();
  for (const [key, block] of [
    [factsKey(0), factBlock([click("t-ahead"), purchase("ahead")])],
    [resultsKey(0), resultBlock([purchase("ahead")], [click("t-ahead")], "3")],
  ] as const) {
    transaction.xadd(key, "*", BLOCK_FIELD, Buffer.from(block));
    transaction.xgroup("SETID", key, WAREHOUSE_GROUP, "$");
  }
  await transaction.exec();
  const ready = await service.server.inject("/readyz");
  expect([ready.statusCode, ready.json()]).toEqual([
    503,
    {
      status: "not ready",
      reason:
        "facts or results of partitions 0 wait that the group warehouse is not given: it is lost, or was set past them",
    },
  ]);
  const settled = await service.server.inject("/v1/settled?timeoutMs=0");
  expect(settled.json()).toEqual({ settled: false });
  await expect.poll(conversions, { timeout: 40_000, interval: 200 }).toBe(before + 3);
  expect((await service.server.inject("/readyz")).statusCode).toBe(200);
  const { body } = await service.server.inject("/metrics");
  expect(body).toMatch(/^tributary_groups_mended_total\{group="warehouse",fault="lost"\} [2-9]$/m);
  expect(body).toContain('tributary_groups_mended_total{group="warehouse",fault="set_ahead"} 2');
}, 60_000);
