import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey, PLATFORM_KEY } from "@tributary/protocol";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  type ClusterNode,
  type RedisCluster,
  slotOf,
  startRedisCluster,
} from "../../../test/support/redis-cluster.ts";
import {
  acquireLease,
  agreeOnPlatform,
  connectRedis,
  EntryAppender,
  ensureGroups,
  type RedisClient,
  WarehouseFeed,
  waitUntilReady,
} from "../src/index.ts";
import { Script } from "../src/redis/script.ts";

const PARTITIONS = 8;
const BLOCK = Buffer.from("block");
let cluster: RedisCluster;
let client: RedisClient;

beforeAll(async () => {
  cluster = await startRedisCluster(3);
  client = await connect();
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
}, 60_000);
afterAll(async () => {
  client?.disconnect();
  await cluster?.stop();
});

async function connect(): Promise<RedisClient> {
  const connected = connectRedis(cluster.url, { name: "cluster-test", commandTimeoutMs: 3000 });
  expect(await waitUntilReady(connected, 10_000)).toBe(true);
  return connected;
}

/** The master of a partition, its replica, and some other master. */
function nodesOf(partition: number): {
  master: ClusterNode;
  replica: ClusterNode;
  other: ClusterNode;
} {
  const i = cluster.masterOf(eventsKey(partition));
  const at = (nodes: readonly ClusterNode[], index: number) => nodes[index % 3] as ClusterNode;
  return {
    master: at(cluster.masters, i),
    replica: at(cluster.replicas, i),
    other: at(cluster.masters, i + 1),
  };
}

describe("the client of a cluster", () => {
  it("is ready for a burst of commands to every node at once", async () => {
    const fresh = await connect();
    onTestFinished(() => fresh.disconnect());
    const lengths = Array.from({ length: 200 }, async (_, i) =>
      fresh.xlen(eventsKey(i % PARTITIONS)),
    );
    await expect(Promise.all(lengths)).resolves.toHaveLength(200);
  });

  it("does not send an XADD again whose connection broke", async () => {
    const { master } = nodesOf(0);
    const before = await client.xlen(eventsKey(0));
    await master.redis.client("PAUSE", 10_000, "WRITE");
    const lost = client.xadd(eventsKey(0), "*", "b", "lost").catch((error: unknown) => error);
    await sleep(100);
    await master.redis.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
    expect(await lost).toMatchObject({ message: "Connection is closed." });
    await master.redis.client("UNPAUSE");
    await sleep(300);
    expect(await client.xlen(eventsKey(0))).toBe(before);
  });

  it("finds a slot's new master, and a script that this one does not know", async () => {
    const { master, other } = nodesOf(1);
    const slot = slotOf(eventsKey(1));
    expect(await acquireLease(client, 1, "w", 60_000)).toMatchObject({ epoch: "1" });
    await other.redis.script("FLUSH");
    await cluster.migrateSlot(slot, master, other, 0);
    onTestFinished(async () => cluster.migrateSlot(slot, other, master, 0));
    expect(await acquireLease(client, 1, "w", 60_000)).toMatchObject({ epoch: "2" });
  });

  it("refuses a script over several slots", async () => {
    const keys = [eventsKey(0), PLATFORM_KEY];
    const script = new Script(new URL("../src/partition/trim.lua", import.meta.url));
    await expect(script.run(client, keys, ["", "g"])).rejects.toThrow(/CROSSSLOT/);
  });
});

describe("the appender", () => {
  it("counts an entry as written when the replica has it", async () => {
    const { replica } = nodesOf(2);
    const appender = new EntryAppender(client, { replicas: 1, timeoutMs: 1000 });
    await replica.redis.call("READONLY");
    for (let i = 1; i <= 20; i += 1) {
      await appender.append(2, 1, BLOCK);
      expect(await replica.redis.xlen(eventsKey(2))).toBe(i);
    }
  });

  it("says where too few replicas have an entry, and appends it once", async () => {
    const before = await client.xlen(eventsKey(2));
    const appender = new EntryAppender(client, { replicas: 2, timeoutMs: 50 });
    await expect(appender.append(2, 1, BLOCK)).rejects.toMatchObject({
      code: "not_replicated",
      message: "1 of 2 replicas had {p02}:events within 50 ms",
    });
    expect(await client.xlen(eventsKey(2))).toBe(before + 1);
  });

  it("serves what one turn appends to a node with one WAIT", async () => {
    const waits = async (): Promise<number> => {
      const stats = await nodesOf(2).master.redis.info("commandstats");
      return Number(/cmdstat_wait:calls=(\d+)/.exec(stats)?.[1] ?? 0);
    };
    const before = await waits();
    const appender = new EntryAppender(client, { replicas: 1, timeoutMs: 1000 });
    await Promise.all(Array.from({ length: 10 }, async () => appender.append(2, 1, BLOCK)));
    expect((await waits()) - before).toBe(1);
  });

  it("follows a stream to the node that it is moving to, and to the one that it moved to", async () => {
    const { master, other } = nodesOf(2);
    const slot = slotOf(eventsKey(2));
    const appender = new EntryAppender(client, { replicas: 1, timeoutMs: 1000 });
    const before = await client.xlen(eventsKey(2));
    // All of the partition has moved, and the slot not yet: ASK.
    await cluster.migrateSlot(slot, master, other, 0, async () => appender.append(2, 1, BLOCK));
    await appender.append(2, 1, BLOCK);
    expect(await other.redis.xlen(eventsKey(2))).toBe(before + 2);
    const told = await master.redis.info("errorstats");
    for (const error of ["ASK", "MOVED"]) expect(told).toContain(`errorstat_${error}:`);
  });
});

describe("a master that dies", () => {
  it(
    "holds up its own partitions only, until its replica has taken over",
    { timeout: 30_000 },
    async () => {
      const dying = cluster.masterOf(eventsKey(0));
      const all = Array.from({ length: PARTITIONS }, (_, partition) => partition);
      const lives = (partition: number): boolean =>
        cluster.masterOf(eventsKey(partition)) !== dying;
      expect(all.filter(lives).length).toBeGreaterThan(0);
      const feed = new WarehouseFeed(client, {
        partitions: PARTITIONS,
        consumer: "r",
        maxEntries: 10,
      });
      await feed.poll();
      await cluster.masters[dying]?.kill();

      const appender = new EntryAppender(client, undefined);
      const results = await Promise.allSettled(all.map(async (i) => appender.append(i, 1, BLOCK)));
      expect(results.map(({ status }) => status === "fulfilled")).toEqual(all.map(lives));
      const alive = all.find(lives) as number;
      await client.xadd(`{p0${alive}}:facts`, "*", "n", 1, "b", BLOCK);
      expect(await feed.poll()).toMatchObject([{ partition: alive, stream: "facts" }]);
      await expect(feed.poll()).rejects.toThrow("Connection is closed.");

      await cluster.untilFailedOver(dying);
      await expect
        .poll(
          async () => {
            const again = await Promise.allSettled(
              all.map(async (i) => appender.append(i, 1, BLOCK)),
            );
            return again.every(({ status }) => status === "fulfilled");
          },
          { timeout: 10_000 },
        )
        .toBe(true);
      await expect(feed.poll()).resolves.toEqual([]);
    },
  );
});
