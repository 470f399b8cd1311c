/** Faults made by hand in a real Redis: each is found, and nothing is found where all is well. */
import {
  ATTRIBUTION_GROUP,
  booksField,
  deadLettersKey,
  eventsKey,
  factsKey,
  leaseKey,
  membersKey,
  outboxKey,
  PLATFORM_KEY,
  progressFields,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
  WEBHOOKS_GROUP,
} from "@tributary/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  connectRedis,
  diagnose,
  drainMember,
  ensureGroups,
  ensureWebhooksGroup,
  heartbeat,
  mendFindings,
  type RedisClient,
  waitUntilReady,
} from "../../src/index.ts";

const PARTITIONS = 2;
const LEASE_MS = 60_000;
const OLD_ID = `${Date.now() - 3_600_000}-0`;
const rules = { evictionAllowed: false, durable: false, checkMs: 1000 };
const once = { rules, betweenMs: 0 };
let redis: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 5000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});

/** A platform whose workers and loader are there: they were seen a moment ago, and hold every partition. */
beforeEach(async () => {
  await client.flushall();
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
  for (const name of ["w1", "w2"]) {
    await heartbeat(client, ATTRIBUTION_GROUP, { name, incarnation: name }, LEASE_MS);
  }
  for (let partition = 0; partition < PARTITIONS; partition += 1) {
    await acquireLease(client, partition, "w1", LEASE_MS);
    await client.xgroup("CREATECONSUMER", factsKey(partition), WAREHOUSE_GROUP, "loader");
  }
});

const found = async (): Promise<string[]> => {
  const findings = await diagnose(client, once);
  return [...new Set(findings.map(({ code }) => code))].toSorted();
};

/** Commits an entry of partition 0 as a worker would leave it. */
const commitOne = async (): Promise<string> => {
  const id = (await client.xadd(eventsKey(0), "*", "b", "x", "n", "1")) ?? "";
  await client.xreadgroup("GROUP", ATTRIBUTION_GROUP, "w1", "STREAMS", eventsKey(0), ">");
  await client.xack(eventsKey(0), ATTRIBUTION_GROUP, id);
  await client.hset(stateKey(0), { position: id, entries: 1 });
  return id;
};

it("finds nothing on a platform that is well, nor in a Redis without one", async () => {
  await commitOne();
  expect(await diagnose(client, once)).toEqual([]);
  await client.flushall();
  expect(await diagnose(client, once)).toEqual([]);
});

/** Codes that are found, and how it is made. */
const FAULTS: Readonly<Record<string, readonly [string, () => Promise<unknown>]>> = {
  "the workers' group is destroyed": [
    "group_lost",
    async () => client.xgroup("DESTROY", eventsKey(1), ATTRIBUTION_GROUP),
  ],
  "the loader's group is destroyed": [
    "group_lost",
    async () => client.xgroup("DESTROY", resultsKey(0), WAREHOUSE_GROUP),
  ],
  "the webhooks' group is destroyed": [
    "group_lost",
    async () => {
      await ensureWebhooksGroup(client, PARTITIONS);
      await client.xgroup("DESTROY", resultsKey(0), WEBHOOKS_GROUP);
    },
  ],
  "a stream is deleted, and its group with it": ["group_lost", async () => client.del(factsKey(0))],
  "the workers' group is set past entries": [
    "group_ahead",
    async () => {
      await client.xadd(eventsKey(0), "*", "b", "x", "n", "1");
      await client.xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$");
    },
  ],
  "the loader's group is set past entries": [
    "group_ahead",
    async () => {
      await client.xadd(factsKey(0), "*", "b", "x", "n", "1");
      await client.xgroup("SETID", factsKey(0), WAREHOUSE_GROUP, "$");
    },
  ],
  "a stream with a committed entry is made anew": [
    "stream_deleted",
    async () => {
      await commitOne();
      await client.del(eventsKey(0));
      await client.xgroup("CREATE", eventsKey(0), ATTRIBUTION_GROUP, "0", "MKSTREAM");
    },
  ],
  "entries were counted as lost": [
    "entries_lost",
    async () => client.hset(stateKey(0), progressFields(WAREHOUSE_GROUP, "facts")[2], 3),
  ],
  "the platform's key is deleted": ["platform_lost", async () => client.del(PLATFORM_KEY)],
  "a lease is deleted": ["partition_unowned", async () => client.del(leaseKey(1))],
  "a lease is held by nobody that lives": [
    "owner_unknown",
    async () => client.set(leaseKey(1), "ghost", "PX", LEASE_MS),
  ],
  "every worker is gone": [
    "worker_missing",
    async () => {
      await client.del(membersKey(ATTRIBUTION_GROUP), leaseKey(0), leaseKey(1));
    },
  ],
  "a worker was drained and left": [
    "worker_draining",
    async () => drainMember(client, ATTRIBUTION_GROUP, "w2"),
  ],
  "an entry waits for an hour": [
    "lag_old",
    async () => client.xadd(eventsKey(0), OLD_ID, "b", "x", "n", "1"),
  ],
  "results wait for an hour": [
    "lag_old",
    async () => client.xadd(resultsKey(0), OLD_ID, "b", "x", "n", "1"),
  ],
  "results wait, and no loader was ever seen": [
    "loader_missing",
    async () => {
      await client.xadd(resultsKey(0), `${Date.now() - 30_000}-0`, "b", "x", "n", "1");
      for (const partition of [0, 1]) {
        await client.xgroup("DELCONSUMER", factsKey(partition), WAREHOUSE_GROUP, "loader");
      }
    },
  ],
  "messages to other partitions wait": [
    "outbox_old",
    async () => client.xadd(outboxKey(0), OLD_ID, "b", "x", "to", "1"),
  ],
  "a dead letter is kept": [
    "dead_letters",
    async () => client.xadd(deadLettersKey(1), "*", "b", "x"),
  ],
  "an event is in no account": [
    "books_residue",
    async () => client.hset(stateKey(0), booksField("default", "accepted"), 5),
  ],
  "Redis may evict keys": [
    "redis_eviction",
    async () => client.config("SET", "maxmemory-policy", "allkeys-lru"),
  ],
  "Redis writes no file": [
    "redis_append_only",
    async () => client.config("SET", "appendonly", "no"),
  ],
  "Redis' memory is nearly full": [
    "redis_memory",
    async () => {
      const used = /^used_memory:(\d+)/m.exec(await client.info("memory"))?.[1];
      await client.config("SET", "maxmemory", Math.round(Number(used) * 1.05));
    },
  ],
};

describe("each fault that was made by hand is found, and nothing else", () => {
  it.each(Object.entries(FAULTS))("%s", async (_, [code, make]) => {
    onTestFinished(async () => {
      await client.config("SET", "maxmemory-policy", "noeviction");
      await client.config("SET", "appendonly", "yes");
      await client.config("SET", "maxmemory", "0");
    });
    await make();
    expect(await found()).toEqual([code]);
  });
});

describe("what passes by itself is looked at twice", () => {
  it("a lease that is taken meanwhile is no finding, one that stays free is", async () => {
    await client.del(leaseKey(0), leaseKey(1));
    const looking = diagnose(client, { rules, betweenMs: 300 });
    setTimeout(() => void acquireLease(client, 0, "w2", LEASE_MS), 100);
    expect(await looking).toEqual([
      {
        code: "partition_unowned",
        subject: "partition 1",
        detail: "2 workers run, and none has its lease",
      },
    ]);
  });

  it("what is there for good counts at once", async () => {
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    onTestFinished(async () => void (await client.config("SET", "maxmemory-policy", "noeviction")));
    const looking = diagnose(client, { rules, betweenMs: 100 });
    expect((await looking).map(({ code }) => code)).toEqual(["redis_eviction"]);
  });

  it("ends when it is aborted", async () => {
    await client.del(leaseKey(0));
    const signal = AbortSignal.timeout(50);
    await expect(diagnose(client, { rules, betweenMs: 60_000, signal })).rejects.toThrow(/abort/i);
  });
});

describe("what can be mended from outside", () => {
  it("lost groups, the platform's key and Redis' settings; afterwards nothing is found", async () => {
    const committed = await commitOne();
    await ensureWebhooksGroup(client, PARTITIONS);
    await client.xgroup("DESTROY", eventsKey(0), ATTRIBUTION_GROUP);
    await client.xgroup("DESTROY", resultsKey(1), WAREHOUSE_GROUP);
    await client.xgroup("DESTROY", resultsKey(1), WEBHOOKS_GROUP);
    await client.hdel(PLATFORM_KEY, "partitions");
    await client.config("SET", "maxmemory-policy", "allkeys-lru");
    await client.config("SET", "appendonly", "no");
    const mended = await mendFindings(client, await diagnose(client, once));
    expect(mended.map(({ code }) => code).toSorted()).toEqual([
      "group_lost",
      "platform_lost",
      "redis_append_only",
      "redis_eviction",
    ]);
    expect(await diagnose(client, once)).toEqual([]);
    expect(await client.hget(PLATFORM_KEY, "partitions")).toBe(String(PARTITIONS));
    // What was committed is given to nobody again.
    const [group] = (await client.xinfo("GROUPS", eventsKey(0))) as unknown[][];
    expect(group?.[group.indexOf("last-delivered-id") + 1]).toBe(committed);
  });

  it("leaves alone what only a worker may mend", async () => {
    await client.xadd(eventsKey(0), "*", "b", "x", "n", "1");
    await client.xgroup("SETID", eventsKey(0), ATTRIBUTION_GROUP, "$");
    expect(await mendFindings(client, await diagnose(client, once))).toEqual([]);
    expect(await found()).toEqual(["group_ahead"]);
  });
});
