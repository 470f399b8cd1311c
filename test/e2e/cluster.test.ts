import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { usersFor, workload } from "@tributary/lab";
import { Cluster } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import {
  expectBooksToClose,
  expectExactCredits,
  send,
  sendOnce,
  settled,
} from "../support/judge.ts";
import type { PlainEvent } from "../support/oracle.ts";
import {
  type ClusterNode,
  type RedisCluster,
  slotOf,
  startRedisCluster,
} from "../support/redis-cluster.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const SEED = 5;
const EVENTS = 3600;
const BATCH = 20;
const PARTITIONS = 8;
const MEMBERS = "tributary:{attribution}:members";

describe("on a Redis Cluster of three masters", () => {
  const data = temporaryDataDir();
  let cluster: RedisCluster;
  let platform: Platform;

  beforeAll(async () => {
    cluster = await startRedisCluster(3);
    platform = await startPlatform({
      dataDir: data.dir,
      port: 0,
      workers: 2,
      threads: 1,
      partitions: PARTITIONS,
      redisUrl: cluster.url,
      environment: {
        ...process.env,
        OTEL_TRACES_EXPORTER: "none",
        TRIBUTARY_LEASE_MS: "1500",
        TRIBUTARY_HEARTBEAT_MS: "300",
        TRIBUTARY_WAIT_REPLICAS: "1",
        TRIBUTARY_WAIT_TIMEOUT_MS: "500",
      },
    });
  }, 60_000);
  afterAll(async () => {
    await platform?.stop();
    await cluster?.stop();
    data.remove();
  });

  it(
    "every conversion is exact through slots that move and a master that dies",
    { timeout: 120_000 },
    async ({ annotate }) => {
      const source = workload(SEED, usersFor(EVENTS), BATCH, 1);
      const work = Array.from({ length: EVENTS / BATCH }, () => source.next().value.events);
      const events = work.flat();
      const moved = cluster.masterOf("{p00}:events");
      const dying = cluster.masterOf(MEMBERS);
      expect(moved).not.toBe(dying);

      let next = 0;
      const clients = (count: number, upTo: number, pauseMs: number): Promise<void[]> =>
        Promise.all(
          Array.from({ length: count }, async () => {
            while (next < upTo) {
              const batch = work[next] as readonly PlainEvent[];
              next += 1;
              await send(platform.gatewayUrl, batch);
              await sleep(pauseMs);
            }
          }),
        );

      // A partition with something in it moves to another master and back, key by key, while events come.
      await clients(4, work.length / 3, 0);
      const migrating = clients(4, (work.length * 2) / 3, 40);
      const [from, to] = [cluster.masters[moved], cluster.masters[3 - moved - dying]] as [
        ClusterNode,
        ClusterNode,
      ];
      const slot = slotOf("{p00}:events");
      const migratedAt = performance.now();
      await cluster.migrateSlot(slot, from, to, 50);
      expect(await to.redis.exists("{p00}:state")).toBe(1);
      await sleep(300);
      const told = await from.redis.info("errorstats");
      for (const error of ["ASK", "MOVED"]) expect(told).toContain(`errorstat_${error}:`);
      await cluster.migrateSlot(slot, to, from, 50);
      const migrationsMs = Math.round(performance.now() - migratedAt);
      await migrating;

      // The master that has the workers' membership and some partitions dies while events come.
      const late = clients(4, work.length, 20);
      await cluster.masters[dying]?.kill();
      const killedAt = performance.now();
      const since = (): number => Math.round(performance.now() - killedAt);
      // One event each of 40 users: those whose partition lives are taken, the others are told to come again.
      const probes = Array.from({ length: 40 }, (_, i): PlainEvent[] => [
        {
          id: `probe-${i}`,
          type: "click",
          time: Date.now(),
          userId: `user-${i}`,
          channel: "email",
        },
      ]);
      const statuses = await Promise.all(
        probes.map(async (probe) => sendOnce(platform.gatewayUrl, probe)),
      );
      expect(new Set(statuses)).toEqual(new Set([202, 503]));
      await cluster.untilFailedOver(dying);
      const failedOverMs = since();
      // What the new master writes needs a replica again: the old one, started as it was.
      await cluster.masters[dying]?.start();
      await Promise.all(probes.map(async (probe) => send(platform.gatewayUrl, probe)));
      const takenMs = since();
      await late;
      await settled(platform);
      await annotate(
        `two migrations took ${migrationsMs} ms; failed over after ${failedOverMs} ms, every partition took events after ${takenMs} ms, all was attributed and loaded after ${since()} ms`,
      );

      const all = [...events, ...probes.flat()];
      expect(await expectExactCredits(platform, all)).toBeGreaterThan(300);
      const redis = new Cluster(cluster.masters.map(({ port }) => ({ host: "127.0.0.1", port })));
      onTestFinished(() => redis.disconnect());
      await expectBooksToClose(redis, PARTITIONS, new Set(all.map(({ id }) => id)).size);
      const members = (await redis.zrange(MEMBERS, "0", "-1")).toSorted();
      expect(members.map((name) => name.replace(/^.*-(?=worker)/, ""))).toEqual([
        "worker-1",
        "worker-2",
      ]);
      expect(platform.processes().map(({ restarts }) => restarts)).toEqual([0, 0, 0, 0]);
    },
  );
});
