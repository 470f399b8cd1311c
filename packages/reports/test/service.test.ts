import { afterAll, beforeAll, expect, test } from "vitest";
import { BLOCK_FIELD, deadLettersKey, factsKey, resultsKey } from "@tributary/protocol";
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
