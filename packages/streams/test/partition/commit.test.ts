import {
  eventsKey,
  factsKey,
  resultsKey,
  stateKey,
  deadLettersKey,
  erasuresKey,
  outboxKey,
} from "@tributary/protocol";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  type Commit,
  commitBatch,
  connectRedis,
  ensureGroups,
  FIRST_ID,
  type Lease,
  readBooks,
  readLag,
  type RedisClient,
  releaseLease,
  renewLease,
  totalBooks,
  trimPartition,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";
import { readGroup } from "../../src/redis/read-group.ts";

const P = 3;
let redis: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});
beforeEach(async () => {
  await client.flushall();
  await agreeOnPlatform(client, 8);
  await ensureGroups(client, 8);
});

async function lease(worker = "w1"): Promise<Lease> {
  const taken = await acquireLease(client, P, worker, 60_000);
  if (taken === undefined) throw new Error("the lease is another's");
  return taken;
}

async function addEntries(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1)
    ids.push((await client.xadd(eventsKey(P), "*", "n", 1, "b", `e${i}`)) ?? "");
  return ids;
}

const read = async (count = 100) =>
  (
    await readGroup(client, [[eventsKey(P), ">"]], { group: "attribution", consumer: "w1", count })
  ).get(eventsKey(P)) ?? [];

const commitOf = (ids: readonly string[]): Commit => ({
  ids,
  events: ids.length,
  readBefore: false,
  originMs: 1234,
  facts: { count: 2, bytes: Buffer.from([0, 255, 10, 13]) },
  results: [
    { count: 1, bytes: Buffer.from("r1") },
    { count: 1, bytes: Buffer.from("r2") },
  ],
  books: new Map([["books:default:processed", 2]]),
  deadLetters: [{ id: "7-7", reason: "broken", count: 4, block: Buffer.from([1, 0, 2]) }],
});

async function lengths(): Promise<number[]> {
  return Promise.all(
    [factsKey(P), resultsKey(P), deadLettersKey(P)].map(async (key) => client.xlen(key)),
  );
}

describe("the commit", () => {
  it("does everything at once: facts, results, dead letters, books, position, acknowledgement", async () => {
    const held = await lease();
    const ids = await addEntries(3);
    await read();
    const { factsId } = await commitBatch(client, held, FIRST_ID, commitOf(ids));
    expect(factsId).toMatch(/^\d+-\d+$/);
    expect(await lengths()).toEqual([1, 2, 1]);
    const [[, fields] = []] = (await client.xrangeBuffer(factsKey(P), "-", "+")) as unknown as [
      Buffer,
      Buffer[],
    ][];
    expect(fields?.at(-1)).toEqual(Buffer.from([0, 255, 10, 13]));
    expect(await client.hgetall(stateKey(P))).toMatchObject({
      position: ids[2],
      "books:default:processed": "2",
      entries: "3",
      epoch: "1",
    });
    expect((await client.xpending(eventsKey(P), "attribution"))[0]).toBe(0);
  });

  it("notes the fact block of an erasure, once", async () => {
    const held = await lease();
    const commit = { ...commitOf(await addEntries(1)), erases: true };
    await read();
    const { factsId } = await commitBatch(client, held, FIRST_ID, commit);
    await commitBatch(client, held, FIRST_ID, commit);
    const noted = await client.xrange(erasuresKey(P), "-", "+");
    expect(noted.map(([, fields]) => fields)).toEqual([["f", factsId]]);
  });

  it("counts the events that the entries' writers said, against which the books must add up", async () => {
    const held = await lease();
    const ids = await addEntries(2);
    await read();
    const commit = commitOf(ids);
    const books = new Map([
      ["books:a:accepted", 3],
      ["books:a:processed", 1],
      ["books:a:erased", 1],
      ["books:a:dropped_facts_per_user", 1],
      ["books:b:c:duplicate", 4],
    ]);
    await commitBatch(client, held, FIRST_ID, { ...commit, events: 7, readBefore: true, books });
    expect(await client.hmget(stateKey(P), "events", "recomputed")).toEqual(["7", "7"]);
    const { tenants, partitions } = await readBooks(client, [0, P]);
    expect(tenants).toMatchObject([
      {
        partition: P,
        tenant: "a",
        accepted: 3,
        erased: 1,
        dropped: { facts_per_user: 1 },
        residue: 1,
      },
      { partition: P, tenant: "b:c", accepted: 0, duplicate: 4, residue: -4 },
    ]);
    expect(partitions).toEqual([
      { partition: 0, events: 0, residue: 0 },
      { partition: P, events: 7, residue: 1 },
    ]);
    expect(totalBooks(tenants)).toMatchObject({ accepted: 3, processed: 1, residue: -3 });
  });

  it("sent again unchanged changes nothing", async () => {
    const held = await lease();
    const ids = await addEntries(2);
    await read();
    const first = await commitBatch(client, held, FIRST_ID, commitOf(ids));
    expect(first.factsId).toMatch(/^\d+-\d+$/);
    // The facts are in the log, and retention must know the block whose reply was lost.
    expect(await commitBatch(client, held, FIRST_ID, commitOf(ids))).toEqual(first);
    expect(await lengths()).toEqual([1, 2, 1]);
    expect(await client.hget(stateKey(P), "books:default:processed")).toBe("2");
  });

  it("without facts has none, also when it is sent again", async () => {
    const held = await lease();
    const [first = "", second = ""] = await addEntries(2);
    await read();
    await commitBatch(client, held, FIRST_ID, commitOf([first]));
    const commit = { ...commitOf([second]), facts: undefined };
    for (let sent = 0; sent < 2; sent += 1) {
      expect(await commitBatch(client, held, first, commit)).toMatchObject({ factsId: "" });
    }
  });

  it("is refused after another took the partition, and writes nothing", async () => {
    const old = await lease();
    const ids = await addEntries(1);
    await read();
    await releaseLease(client, old);
    await lease("w2");
    await expect(commitBatch(client, old, FIRST_ID, commitOf(ids))).rejects.toMatchObject({
      code: "fenced",
    });
    expect(await lengths()).toEqual([0, 0, 0]);
    expect((await client.xpending(eventsKey(P), "attribution"))[0]).toBe(1);
  });

  it("is refused from a position that is not the committed one", async () => {
    const held = await lease();
    const ids = await addEntries(2);
    await read();
    await expect(commitBatch(client, held, "5-5", commitOf(ids))).rejects.toMatchObject({
      code: "conflict",
    });
    expect(await lengths()).toEqual([0, 0, 0]);
  });

  it("is refused whole where one of the keys holds something else", async () => {
    const held = await lease();
    const ids = await addEntries(1);
    await read();
    const commit = {
      ...commitOf(ids),
      erases: true,
      messages: [{ partition: 0, rows: 1, bytes: Buffer.from("m") }],
    };
    for (const key of [resultsKey(P), deadLettersKey(P), outboxKey(P), erasuresKey(P)]) {
      await client.del(key);
      await client.set(key, "no stream");
      await expect(commitBatch(client, held, FIRST_ID, commit)).rejects.toThrow(/WRONGTYPE/);
      await client.del(key);
    }
    expect(await lengths()).toEqual([0, 0, 0]);
    expect((await client.xpending(eventsKey(P), "attribution"))[0]).toBe(1);
  });

  it("is refused where the group was set past entries before it", async () => {
    const held = await lease();
    await addEntries(1);
    await client.xgroup("SETID", eventsKey(P), "attribution", "$");
    const ids = await addEntries(1);
    await read();
    await expect(commitBatch(client, held, FIRST_ID, commitOf(ids))).rejects.toMatchObject({
      code: "gap",
    });
    expect(await lengths()).toEqual([0, 0, 0]);
  });

  it("is refused where somebody else read entries before its end", async () => {
    const held = await lease();
    const ids = await addEntries(3);
    await read();
    await expect(commitBatch(client, held, FIRST_ID, commitOf(ids.slice(1)))).rejects.toMatchObject(
      { code: "gap" },
    );
    expect(await lengths()).toEqual([0, 0, 0]);
  });
});

describe("the lease", () => {
  it("is one worker's, with an epoch that only grows", async () => {
    const first = await lease();
    expect(await acquireLease(client, P, "w2", 1000)).toBeUndefined();
    expect(await renewLease(client, first, 60_000)).toBe(true);
    await releaseLease(client, first);
    const second = await lease("w2");
    expect(Number(second.epoch)).toBe(Number(first.epoch) + 1);
    expect(await renewLease(client, first, 60_000)).toBe(false);
    await releaseLease(client, first);
    expect(await renewLease(client, second, 60_000)).toBe(true);
  });

  it("that ran out is still its holder's until another takes it", async () => {
    const held = await lease();
    await client.del("{p03}:lease");
    expect(await renewLease(client, held, 60_000)).toBe(true);
    await client.del("{p03}:lease");
    await lease("w2");
    expect(await renewLease(client, held, 60_000)).toBe(false);
  });
});

describe("trimming", () => {
  it("never passes what some group has not acknowledged", async () => {
    const held = await lease();
    const ids = await addEntries(5);
    await client.xgroup("CREATE", eventsKey(P), "archive", "0");
    const batch = await read(3);
    await commitBatch(client, held, FIRST_ID, commitOf(batch.map(({ id }) => id)));
    expect(await trimPartition(client, P, undefined)).toBe(0);
    expect(await client.xlen(eventsKey(P))).toBe(5);
    // The other group reads four and acknowledges the first.
    await client.xreadgroup("GROUP", "archive", "a", "COUNT", 4, "STREAMS", eventsKey(P), ">");
    await client.xack(eventsKey(P), "archive", ids[0] ?? "");
    expect(await trimPartition(client, P, undefined)).toBe(1);
    await client.xack(eventsKey(P), "archive", ...ids.slice(1, 4));
    expect(await trimPartition(client, P, undefined)).toBe(2);
    expect((await client.xrange(eventsKey(P), "-", "+")).map(([id]) => id)).toEqual(ids.slice(3));
  });

  it("keeps facts that still matter, and those that are not loaded", async () => {
    const held = await lease();
    const [id = ""] = await addEntries(1);
    await read();
    const { factsId } = await commitBatch(client, held, FIRST_ID, commitOf([id]));
    const [next = ""] = await addEntries(1);
    await read();
    const { factsId: secondId } = await commitBatch(client, held, id, commitOf([next]));
    await trimPartition(client, P, secondId);
    expect(await client.xlen(factsKey(P))).toBe(2);
    const feed = new WarehouseFeed(client, { partitions: 8, consumer: "loader", maxEntries: 10 });
    await feed.acknowledge(await feed.poll());
    await trimPartition(client, P, factsId);
    expect(await client.xlen(factsKey(P))).toBe(2);
    await trimPartition(client, P, secondId);
    expect(await client.xlen(factsKey(P))).toBe(1);
    expect(await client.xlen(resultsKey(P))).toBe(0);
  });

  it("never passes the committed position, wherever the group was set", async () => {
    const held = await lease();
    const [id = ""] = await addEntries(1);
    await read();
    await commitBatch(client, held, FIRST_ID, commitOf([id]));
    const [lost] = await addEntries(1);
    await client.xgroup("SETID", eventsKey(P), "attribution", "$");
    expect(await trimPartition(client, P, undefined)).toBe(1);
    expect((await client.xrange(eventsKey(P), "-", "+")).map(([of]) => of)).toEqual([lost]);
  });

  it("does nothing where a group that must be there is not", async () => {
    await client.xgroup("DESTROY", eventsKey(P), "attribution");
    await addEntries(2);
    expect(await trimPartition(client, P, undefined)).toBe(0);
  });
});

describe("lag", () => {
  it("counts what is undelivered and pending, also after trimming", async () => {
    const held = await lease();
    await addEntries(5);
    const batch = await read(2);
    expect((await readLag(client, 8))[P]).toMatchObject({
      undelivered: 3,
      pending: 2,
      owner: "w1",
      epoch: 1,
    });
    await commitBatch(client, held, FIRST_ID, commitOf(batch.map(({ id }) => id)));
    await trimPartition(client, P, undefined);
    const lag = (await readLag(client, 8, Date.now() + 10_000))[P];
    expect(lag).toMatchObject({
      undelivered: 3,
      pending: 0,
      warehouse: { undelivered: 3, pending: 0 },
    });
    expect(lag?.oldestAgeSeconds).toBeGreaterThan(9);
    expect((await readLag(client, 8))[0]).toMatchObject({
      undelivered: 0,
      pending: 0,
      oldestAgeSeconds: 0,
      owner: null,
    });
  });
});

describe("the warehouse feed", () => {
  it("gives out again what was not acknowledged, to a new feed of the same name", async () => {
    const held = await lease();
    const ids = await addEntries(1);
    await read();
    await commitBatch(client, held, FIRST_ID, commitOf(ids));
    const options = { partitions: 8, consumer: "loader", maxEntries: 10 };
    const first = await new WarehouseFeed(client, options).poll();
    expect(first.map(({ stream, partition }) => [stream, partition])).toEqual([
      ["facts", P],
      ["results", P],
      ["results", P],
    ]);
    // Which commit it is of: what is erased is what the commits before it brought.
    for (const { position } of first) expect(position).toBe(ids.at(-1));
    const feed = new WarehouseFeed(client, options);
    const again = await feed.poll();
    expect(again).toEqual(first);
    expect(await feed.poll()).toEqual([]);
    feed.rewind();
    expect(await feed.poll()).toEqual(first);
    await feed.acknowledge(again.slice(0, 2));
    await feed.deadLetter(again[2] as (typeof again)[number], "not a block");
    feed.rewind();
    expect(await feed.poll()).toEqual([]);
    const letters = await client.xrange(deadLettersKey(P), "-", "+");
    expect(letters.at(-1)?.[1]).toContain("not a block");
  });
});

describe("the platform", () => {
  it("refuses another number of partitions than it was set up with", async () => {
    await expect(agreeOnPlatform(client, 9)).rejects.toThrow(
      /platform of 8 partitions.*set TRIBUTARY_PARTITIONS=8/,
    );
    await expect(agreeOnPlatform(client, 0)).rejects.toMatchObject({ code: "platform_mismatch" });
    await ensureGroups(client, 8);
  });
});
