/** Erasures over a real Redis: what the streams hold of a person afterwards, and what journeys are rebuilt to. */
import { DEFAULT_JOURNEY_OPTIONS, PartitionState } from "@tributary/attribution";
import {
  createRowDictionaries,
  emptyIdentityRecord,
  EntryReader,
  erasuresKey,
  EventRow,
  eventsKey,
  factsKey,
  FLAG_TYPE_MASK,
  IDENTITY_ERASE,
  outboxKey,
  packErasure,
  partitionOfBytes,
  isOrderRow,
  readIdentity,
  resultsKey,
  rewrittenFactsKey,
  tenantSeed,
  TYPE_IDENTITY,
} from "@tributary/protocol";
import {
  agreeOnPlatform,
  type Computed,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  entryTimeMs,
  GroupMember,
  type PartitionProcessor,
  readBooks,
  type RedisClient,
  settle,
  type StreamEntry,
  totalBooks,
  waitUntilReady,
  WarehouseFeed,
} from "@tributary/streams";
import { createLogger } from "@tributary/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { startRedisCluster } from "../../../../test/support/redis-cluster.ts";
import { startRedis } from "../../../../test/support/redis-server.ts";
import { decodeResults, entryOf, NOW } from "../support/blocks.ts";

const PARTITIONS = 4;
const partitions = Array.from({ length: PARTITIONS }, (_, i) => i);

/** Journeys in this process, and the last result of each conversion that they gave. */
class Journeys implements PartitionProcessor {
  readonly last = new Map<string, readonly string[]>();
  readonly #states = new Map<number, PartitionState>();

  async restore(partition: number, blocks: readonly StreamEntry[]): Promise<void> {
    for (const { block, id, position = id } of blocks) {
      this.#stateOf(partition).restore(block, entryTimeMs(position));
    }
  }

  async process(partition: number, entries: readonly StreamEntry[]): Promise<Computed> {
    const arrivedMs = entryTimeMs(entries.at(-1)?.id ?? "");
    const blocks = entries.map(({ block }) => block);
    const outcome = this.#stateOf(partition).process(blocks, undefined, arrivedMs);
    for (const { key, path } of decodeResults(outcome)) this.last.set(key, path);
    const { facts, factCount: count, records, erases, messages, results, counts } = outcome;
    const { accepted = 0, duplicate = 0, processed = 0, erased = 0 } = counts["default"] ?? {};
    return {
      facts: facts === undefined ? undefined : { count, bytes: facts },
      records,
      erases,
      messages,
      results,
      books: new Map(
        Object.entries({ accepted, duplicate, processed, erased }).map(([name, value]) => [
          `books:default:${name}`,
          value,
        ]),
      ),
    };
  }

  async forget(partition: number): Promise<void> {
    this.#states.delete(partition);
  }

  committed() {
    return { factsFrom: undefined, rebuild: false };
  }

  #stateOf(partition: number): PartitionState {
    let state = this.#states.get(partition);
    if (state === undefined) {
      const place = { partition, partitions: PARTITIONS };
      state = new PartitionState(DEFAULT_JOURNEY_OPTIONS, 5, undefined, place);
      this.#states.set(partition, state);
    }
    return state;
  }
}

function startWorker(client: RedisClient, worker: string): { member: GroupMember; of: Journeys } {
  const of = new Journeys();
  const consumer = {
    ...DEFAULT_CONSUMER_OPTIONS,
    blockMs: 50,
    erasedAfterMs: 0,
    trimIntervalMs: 0,
  };
  const options = { worker, partitions: PARTITIONS, leaseMs: 900, heartbeatMs: 100, consumer };
  const logger = createLogger({ service: "test", instance: worker, level: "silent" });
  const member = new GroupMember(client, of, options, logger);
  member.start();
  return { member, of };
}

/** Acknowledges what a loader would load. */
function startLoader(client: RedisClient): { stop: () => Promise<void> } {
  const feed = new WarehouseFeed(client, { partitions: PARTITIONS, consumer: "l", maxEntries: 50 });
  let stopped = false;
  const loop = (async () => {
    while (!stopped) {
      await feed.acknowledge(await feed.poll());
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    async stop() {
      stopped = true;
      await loop;
    },
  };
}

interface Sent {
  readonly id: string;
  readonly type: "click" | "conversion" | "refund" | "identify";
  readonly userId?: string;
  readonly anonymousId?: string;
  readonly orderId?: string;
}

/** As a gateway does: an entry a partition. */
async function send(client: RedisClient, ...events: readonly Sent[]): Promise<void> {
  const seed = tenantSeed("default");
  for (const partition of partitions) {
    const its = events.filter(({ userId, anonymousId = "" }) => {
      const key = Buffer.from(userId ?? anonymousId);
      return partitionOfBytes(seed, key, 0, key.length, PARTITIONS) === partition;
    });
    const complete = its.map((event) => ({
      ...event,
      time: NOW,
      ...(event.type === "click" ? { channel: "email" } : {}),
      ...(event.type === "conversion" ? { value: "5", currency: "EUR" } : {}),
    }));
    if (its.length === 0) continue;
    const block = Buffer.from(entryOf(complete));
    await client.xadd(eventsKey(partition), "*", "n", its.length, "b", block);
  }
}

async function erase(client: RedisClient, id: string): Promise<void> {
  const receipt = new Uint8Array(16).fill(9);
  const request = { tenant: "default", id, anonymous: false, receipt, anonymousIds: [] };
  const { partition, rows, bytes } = packErasure(request, PARTITIONS);
  await client.xadd(eventsKey(partition), "*", "n", 0, "m", rows, "o", Date.now(), "b", bytes);
}

const settled = async (client: RedisClient): Promise<void> => {
  expect(await settle(client, PARTITIONS, { timeoutMs: 10_000 })).toBe(true);
};

/** Kinds of the rows in the fact logs that bear one of the keys, 0 for facts; what they are named by others is left out. */
async function rowsOf(
  client: RedisClient,
  keys: readonly string[],
): Promise<Map<string, number[]>> {
  const found = new Map<string, number[]>(keys.map((key) => [key, []]));
  const record = emptyIdentityRecord();
  for (const partition of partitions) {
    const stream = await client.xrangeBuffer(factsKey(partition), "-", "+");
    const rewritten = await client.zrangeBuffer(rewrittenFactsKey(partition), "0", "-1");
    const blocks = [
      ...stream.map(([, fields]) => fields.at(-1) as Buffer),
      ...rewritten.map((member) =>
        member.subarray(member.indexOf(" ", member.indexOf(" ", 38) + 1) + 1),
      ),
    ];
    for (const block of blocks) {
      const reader = new EntryReader(block, createRowDictionaries(1));
      const row = new EventRow();
      let kind = 0;
      while (reader.next(row)) {
        const isRecord = (row.flags & FLAG_TYPE_MASK) === TYPE_IDENTITY;
        // They name orders, nobody.
        if (isRecord && isOrderRow(row.rare, row.rareStart, row.rareLength)) continue;
        if (isRecord && row.rareLength > 0) {
          readIdentity(row.rare, row.rareStart, row.rareLength, record);
          kind = record.kind;
        } else if (!isRecord) kind = 0;
        const user = row.user.subarray(row.userStart, row.userStart + row.userLength);
        found.get(Buffer.from(user).toString())?.push(kind);
      }
    }
  }
  return found;
}

/** Streams of the platform that still name somebody, the fact log left out. */
async function othersThatName(client: RedisClient, key: string): Promise<string[]> {
  const named: string[] = [];
  for (const partition of partitions) {
    for (const name of [eventsKey, resultsKey, outboxKey, erasuresKey]) {
      const entries = await client.xrangeBuffer(name(partition), "-", "+");
      if (entries.flat(3).some((part) => part.includes(key))) named.push(name(partition));
    }
  }
  return named;
}

const servers = {
  async "one server"() {
    const server = await startRedis();
    return { url: server.url, close: async () => server.close() };
  },
  async "a cluster"() {
    const cluster = await startRedisCluster(3);
    return { url: cluster.url, close: async () => cluster.stop() };
  },
};

test.each(["one server", "a cluster"] as const)(
  "over %s nothing of a person is left in the streams but the record of their erasure, and the others' journeys are rebuilt as they were",
  async (server) => {
    const { url, close } = await servers[server]();
    onTestFinished(close);
    const client = connectRedis(url, { name: "test", commandTimeoutMs: 2000 });
    onTestFinished(() => client.disconnect());
    await waitUntilReady(client, 5000);
    await agreeOnPlatform(client, PARTITIONS);
    await ensureGroups(client, PARTITIONS);
    const loader = startLoader(client);
    onTestFinished(async () => loader.stop());
    const first = startWorker(client, "w1");
    onTestFinished(async () => first.member.stop());
    const devices = ["device-one", "device-two", "device-three"];
    const theirs: Sent[] = devices.flatMap((anonymousId, i) => [
      { id: `t${i}`, type: "click", anonymousId },
      { id: `i${i}`, type: "identify", userId: "alice-smith", anonymousId },
      { id: `c${i}`, type: "conversion", anonymousId, orderId: `alice's ${i}` },
    ]);
    const others: Sent[] = ["bob", "carol", "dave", "erin"].flatMap((userId) => [
      { id: `t of ${userId}`, type: "click", userId },
      { id: `i of ${userId}`, type: "identify", userId, anonymousId: `phone of ${userId}` },
      { id: `p of ${userId}`, type: "click", anonymousId: `phone of ${userId}` },
      { id: `c of ${userId}`, type: "conversion", userId, orderId: `${userId}'s` },
    ]);
    // One by one, so that the log has many blocks, and all at once, so that several people share one.
    for (let i = 0; i < others.length; i += 1) {
      await send(client, others[i] as Sent, ...theirs.slice(i, i + 1));
    }
    await send(
      client,
      { id: "last", type: "conversion", userId: "alice-smith" },
      { id: "last of bob", type: "click", userId: "bob" },
      ...theirs,
    );
    await settled(client);
    expect(first.of.last.get("alice-smith/last")).toEqual(["t0", "t1", "t2"]);
    const known = ["alice-smith", ...devices];
    for (const kinds of (await rowsOf(client, known)).values()) expect(kinds).toContain(0);

    await erase(client, "alice-smith");
    await settled(client);
    await expect
      .poll(
        async () => {
          const waiting = await Promise.all(
            partitions.map(async (p) => client.xlen(erasuresKey(p))),
          );
          return [...waiting, first.member.erasures.count];
        },
        { timeout: 10_000 },
      )
      .toEqual([0, 0, 0, 0, 0]);
    for (const kinds of (await rowsOf(client, known)).values()) {
      expect(kinds.filter((kind) => kind < IDENTITY_ERASE)).toEqual([]);
    }
    const rewritten = await Promise.all(
      partitions.map(async (p) => client.zcard(rewrittenFactsKey(p))),
    );
    expect(Math.max(...rewritten)).toBeGreaterThan(0);
    // Trimmed when the workers and the loader are done with it.
    for (const key of known) {
      await expect.poll(async () => othersThatName(client, key), { timeout: 10_000 }).toEqual([]);
    }
    const books = totalBooks((await readBooks(client, partitions)).tenants);
    expect(books).toMatchObject({ processed: theirs.length + others.length + 2, residue: 0 });
    expect(books.erased).toBe(theirs.length + 1);
    expect(books.duplicate).toBe(theirs.length);

    await first.member.stop();
    const second = startWorker(client, "w2");
    onTestFinished(async () => second.member.stop());
    await send(
      client,
      { id: "again", type: "conversion", userId: "alice-smith", anonymousId: "device-one" },
      ...["bob", "carol", "dave", "erin"].map((userId): Sent => ({
        id: `more of ${userId}`,
        type: "click",
        userId,
      })),
      { id: "r", type: "refund", userId: "erin", orderId: "erin's" },
    );
    await settled(client);
    expect(Object.fromEntries(second.of.last)).toEqual({
      "alice-smith/again": [],
      "bob/c of bob": ["last of bob", "more of bob", "p of bob", "t of bob"],
      "carol/c of carol": ["more of carol", "p of carol", "t of carol"],
      "dave/c of dave": ["more of dave", "p of dave", "t of dave"],
      "erin/c of erin": ["more of erin", "p of erin", "t of erin"],
    });
  },
  60_000,
);
