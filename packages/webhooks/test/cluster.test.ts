/** Webhooks over a real Redis Cluster: a tenant's queue is in one slot, and another one than the results. */
import {
  agreeOnPlatform,
  connectRedis,
  ensureGroups,
  ensureWebhooksGroup,
  type RedisClient,
  waitUntilReady,
} from "@tributary/streams";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RedisCluster, startRedisCluster } from "../../../test/support/redis-cluster.ts";
import { type Receiver, startReceiver } from "./support/receiver.ts";
import { appendResults, startService } from "./support/service.ts";

const PARTITIONS = 8;
const TENANTS = ["a", "b", "c", "d"];
let cluster: RedisCluster;
let client: RedisClient;
let receiver: Receiver;
let service: ReturnType<typeof startService>;

beforeAll(async () => {
  cluster = await startRedisCluster(3);
  client = connectRedis(cluster.url, { name: "test", commandTimeoutMs: 3000 });
  expect(await waitUntilReady(client, 10_000)).toBe(true);
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
  await ensureWebhooksGroup(client, PARTITIONS);
  receiver = await startReceiver((response) =>
    response.writeHead(receiver.received.length % 3 === 1 ? 500 : 204).end(),
  );
  const urls = Object.fromEntries(TENANTS.map((tenant) => [tenant, receiver.url]));
  service = startService(client, PARTITIONS, urls);
}, 60_000);
afterAll(async () => {
  await service?.stop();
  await receiver?.close();
  client?.disconnect();
  await cluster?.stop();
});

it("delivers the results of every partition to every tenant", { timeout: 30_000 }, async () => {
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    const id = `c${partition}`;
    await appendResults(
      client,
      partition,
      TENANTS.map((tenant) => ({ tenant, id })),
    );
    await appendResults(
      client,
      partition,
      TENANTS.map((tenant) => ({ tenant, id, revision: 1 })),
    );
  }
  const metrics = async (): Promise<string> => (await service.server.inject("/metrics")).body;
  const delivered = PARTITIONS * TENANTS.length * 2;
  const counted = `tributary_webhook_deliveries_total{outcome="delivered"} ${delivered}\n`;
  await expect.poll(metrics, { timeout: 20_000 }).toContain(counted);
  expect(new Set(receiver.received.map(({ headers }) => headers["webhook-id"])).size).toBe(
    delivered,
  );
  expect(await metrics()).toMatch(/^tributary_webhook_waiting_deliveries 0$/m);
});
