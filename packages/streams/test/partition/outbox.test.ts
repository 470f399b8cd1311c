import { ATTRIBUTION_GROUP, eventsKey, factsKey, outboxKey } from "@tributary/protocol";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
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
  readCompleteUpTo,
  readLag,
  type RedisClient,
  settle,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";
import { OutboxRelay } from "../../src/partition/outbox.ts";
import { readGroup } from "../../src/redis/read-group.ts";

const PARTITIONS = 4;
const quiet = { warn: () => undefined } as never;
let redis: RedisServer;
let client: RedisClient;
let relay: OutboxRelay;
let held: Lease;

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
  await agreeOnPlatform(client, PARTITIONS);
  await ensureGroups(client, PARTITIONS);
  relay = new OutboxRelay(client, 1, undefined, quiet);
  const taken = await acquireLease(client, 1, "w1", 60_000);
  if (taken === undefined) throw new Error("the lease is another's");
  held = taken;
});
afterEach(async () => relay.stop());

/** Appends an entry, and what its batch changes. */
async function batch(...messages: readonly [partition: number, text: string][]): Promise<Commit> {
  const id = (await client.xadd(eventsKey(1), "*", "n", 1, "b", "e")) ?? "";
  await readGroup(client, [[eventsKey(1), ">"]], {
    group: ATTRIBUTION_GROUP,
    consumer: "w1",
    count: 1,
  });
  return {
    ids: [id],
    events: 1,
    originMs: 1234,
    readBefore: false,
    facts: { count: 2, bytes: Buffer.from("facts") },
    records: [Buffer.from("records")],
    results: [],
    books: new Map(),
    deadLetters: [],
    messages: messages.map(([partition, text]) => ({
      partition,
      rows: 3,
      bytes: Buffer.from(text),
    })),
  };
}

const read = async (partition: number) => {
  const key = eventsKey(partition);
  const options = { group: ATTRIBUTION_GROUP, consumer: "w2", count: 10 };
  const entries = (await readGroup(client, [[key, ">"]], options)).get(key) ?? [];
  return entries.map(({ count, rows, originMs, block }) => [count, rows, originMs, String(block)]);
};

it("commits messages with everything else, and says how many wait", async () => {
  const commit = await batch([2, "a"], [3, "b"]);
  expect((await commitBatch(client, held, FIRST_ID, commit)).waiting).toBe(2);
  expect((await client.xrange(outboxKey(1), "-", "+")).map(([, fields]) => fields)).toEqual([
    ["t", "2", "m", "3", "o", "1234", "b", "a"],
    ["t", "3", "m", "3", "o", "1234", "b", "b"],
  ]);
  // Records follow the facts of their commit.
  expect((await client.xrange(factsKey(1), "-", "+")).map(([, fields]) => fields.at(-1))).toEqual([
    "facts",
    "records",
  ]);
  // Sent again, for its answer was lost: nothing waits twice.
  await commitBatch(client, held, FIRST_ID, commit);
  expect(await client.xlen(outboxKey(1))).toBe(2);
  const [, lag] = await readLag(client, PARTITIONS);
  expect(lag?.outbox.entries).toBe(2);
});

it("writes no message of a refused commit", async () => {
  const commit = await batch([2, "a"]);
  const old = { ...held, epoch: "0" };
  await expect(commitBatch(client, old, FIRST_ID, commit)).rejects.toMatchObject({
    code: "fenced",
  });
  expect(await client.exists(outboxKey(1))).toBe(0);
});

it("relays in order, as entries without events, until nothing is left", async () => {
  const many = Array.from({ length: 150 }, (_, i): [number, string] => [2, `m${i}`]);
  const { waiting } = await commitBatch(client, held, FIRST_ID, await batch(...many, [1, "own"]));
  relay.wake(waiting);
  await expect.poll(async () => client.xlen(outboxKey(1)), { timeout: 5000 }).toBe(0);
  const relayed = await client.xrange(eventsKey(2), "-", "+");
  expect(relayed.map(([, fields]) => fields.at(-1))).toEqual(many.map(([, text]) => text));
  expect((await read(2))[0]).toEqual([0, 3, 1234, "m0"]);
  expect(await read(1)).toEqual([[0, 3, 1234, "own"]]);
  await expect.poll(() => relay.waiting).toBe(0);
});

it("keeps what one partition does not take, and gives the others theirs", async () => {
  // No stream: as from a node that refuses the command.
  await client.del(eventsKey(3));
  await client.set(eventsKey(3), "no stream");
  const { waiting } = await commitBatch(client, held, FIRST_ID, await batch([3, "a"], [2, "b"]));
  relay.wake(waiting);
  await expect.poll(async () => client.xlen(eventsKey(2)), { timeout: 5000 }).toBe(1);
  await expect.poll(async () => client.xlen(outboxKey(1))).toBe(1);
  await client.del(eventsKey(3));
  await expect.poll(async () => client.xlen(outboxKey(1)), { timeout: 5000 }).toBe(0);
  expect(await client.xlen(eventsKey(3))).toBe(1);
  expect(await client.xlen(eventsKey(2))).toBe(1);
});

it("gives a partition its messages in their order last of all, where it had not taken one of them", async () => {
  const send = client.xadd.bind(client);
  let refused = 0;
  // As from a node that refuses one command and takes the next.
  client.xadd = (async (...args: Parameters<typeof send>) => {
    if (String(args.at(-1)) === "a2" && refused === 0) {
      refused += 1;
      throw new Error("try again");
    }
    return send(...args);
  }) as typeof send;
  try {
    const messages: [number, string][] = [
      [2, "a1"],
      [2, "a2"],
      [3, "b1"],
      [2, "a3"],
    ];
    const { waiting } = await commitBatch(client, held, FIRST_ID, await batch(...messages));
    relay.wake(waiting);
    await expect.poll(async () => client.xlen(outboxKey(1)), { timeout: 5000 }).toBe(0);
  } finally {
    client.xadd = send;
  }
  const texts = async (partition: number): Promise<(string | undefined)[]> =>
    (await client.xrange(eventsKey(partition), "-", "+")).map(([, fields]) => fields.at(-1));
  expect(refused).toBe(1);
  expect(await texts(2)).toEqual(["a1", "a3", "a2", "a3"]);
  expect(await texts(3)).toEqual(["b1"]);
});

it("is part of what settles, and of up to when everything is attributed", async () => {
  const commit = await batch([2, "a"]);
  await commitBatch(client, held, FIRST_ID, commit);
  const feed = new WarehouseFeed(client, {
    partitions: PARTITIONS,
    consumer: "loader",
    maxEntries: 10,
  });
  await feed.acknowledge(await feed.poll());
  expect(await settle(client, PARTITIONS, { timeoutMs: 100 })).toBe(false);
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1234);
  relay.wake();
  await expect.poll(async () => client.xlen(outboxKey(1)), { timeout: 5000 }).toBe(0);
  // It waits in the other partition's events now, and is as old there.
  expect(await settle(client, PARTITIONS, { timeoutMs: 100 })).toBe(false);
  expect(await readCompleteUpTo(client, PARTITIONS)).toBe(1234);
});

it("misses no message that comes while it ends", async () => {
  const read = client.xrangeBuffer.bind(client);
  const message = ["t", "2", "m", "1", "o", "1", "b", "x"];
  for (let turns = 0; turns < 12; turns += 1) {
    let late = false;
    // It finds nothing, and before it has ended there is something: in each turn that its end takes.
    client.xrangeBuffer = (async (...args: Parameters<typeof read>) => {
      const page = await read(...args);
      if (page.length > 0 || late) return page;
      late = true;
      await client.xadd(outboxKey(1), "*", ...message);
      let turn = Promise.resolve();
      for (let i = 0; i < turns; i += 1) turn = turn.then(() => undefined);
      void turn.then(() => relay.wake(1));
      return page;
    }) as typeof read;
    try {
      relay.wake(1);
      await expect.poll(() => late).toBe(true);
      await expect
        .poll(async () => client.xlen(outboxKey(1)), { message: `turn ${turns}` })
        .toBe(0);
    } finally {
      client.xrangeBuffer = read;
    }
  }
});
