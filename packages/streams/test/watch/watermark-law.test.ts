import {
  ATTRIBUTION_GROUP,
  eventsKey,
  factsKey,
  resultsKey,
  stateKey,
  WAREHOUSE_GROUP,
} from "@tributary/protocol";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  commitBatch,
  connectRedis,
  ensureGroups,
  entryTimeMs,
  type Lease,
  LossFinder,
  type MendedGroup,
  type PolledEntry,
  readCompleteUpTo,
  readLag,
  type RedisClient,
  settle,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";

const RUNS = 60;
const STREAMS = ["facts", "results"] as const;
const keyOf = { events: eventsKey(0), facts: factsKey(0), results: resultsKey(0) };
let redis: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client.disconnect();
  await redis.close();
});

/** A partition whose events, blocks and loads are known. Event IDs are their times. */
class Partition {
  readonly accepted: string[] = [];
  /** Events whose block was acknowledged, by stream. */
  readonly loaded = { facts: new Set<string>(), results: new Set<string>() };
  /** Events that went with a deleted stream, which was said. */
  readonly said = new Set<string>();
  #deleted: string[] = [];
  #feed = this.#newFeed("first");
  #inHand: PolledEntry[] = [];
  readonly #lease: Lease;

  private constructor(lease: Lease) {
    this.#lease = lease;
  }

  static async create(): Promise<Partition> {
    await client.flushall();
    await agreeOnPlatform(client, 1);
    await ensureGroups(client, 1);
    const lease = await acquireLease(client, 0, "w1", 60_000);
    if (lease === undefined) throw new Error("the lease is another's");
    return new Partition(lease);
  }

  async accept(): Promise<void> {
    const id = `${1000 * (this.accepted.length + 1)}-0`;
    await client.xadd(keyOf.events, id, "n", 1, "b", "x");
    this.accepted.push(id);
  }

  /** As a worker that reads what is behind its committed ID, and commits it. */
  async commit(most: number): Promise<void> {
    const position = (await client.hget(stateKey(0), "position")) ?? "0-0";
    const { events } = keyOf;
    await client.xgroup("CREATE", events, ATTRIBUTION_GROUP, position).catch(isThere);
    await client.xgroup("SETID", events, ATTRIBUTION_GROUP, position);
    const group = ["GROUP", ATTRIBUTION_GROUP, "w1", "COUNT", most, "STREAMS", keyOf.events, ">"];
    const reply = (await client.call("XREADGROUP", group)) as [string, [string][]][] | null;
    const ids = (reply?.[0]?.[1] ?? []).map(([id]) => id);
    if (ids.length === 0) return;
    const block = { count: 1, bytes: Buffer.from(ids.join(" ")) };
    await commitBatch(client, this.#lease, position, {
      ids,
      events: ids.length,
      readBefore: false,
      originMs: entryTimeMs(ids[0] ?? "0-0"),
      facts: block,
      results: [block],
      books: new Map(),
      deadLetters: [],
    });
  }

  async poll(): Promise<void> {
    this.#inHand.push(...(await this.#feed.poll()));
  }

  /** Acknowledges some of what was polled, in whatever order; the rest stays in hand. */
  async acknowledge(every: number): Promise<void> {
    const entries = this.#inHand.filter((_, i) => i % every === 0);
    this.#inHand = this.#inHand.filter((_, i) => i % every !== 0);
    await this.#feed.acknowledge(entries);
    for (const { stream, block } of entries) {
      for (const id of Buffer.from(block).toString().split(" ")) this.loaded[stream].add(id);
    }
  }

  /** The process dies; the next one has another name. */
  restart(consumer: string): void {
    this.#inHand = [];
    this.#feed = this.#newFeed(consumer);
  }

  async delete(stream: (typeof STREAMS)[number]): Promise<void> {
    await client.del(keyOf[stream]);
    const committed = (await client.hget(stateKey(0), "position")) ?? "0-0";
    const gone = this.accepted.filter(
      (id) => entryTimeMs(id) <= entryTimeMs(committed) && !this.loaded[stream].has(id),
    );
    this.#deleted.push(...gone);
    // What is in hand can still be loaded.
    this.#inHand = this.#inHand.filter((entry) => entry.stream !== stream);
  }

  /** Accepted, not in the report, and nobody was notified of its loss. */
  get missing(): string[] {
    const { facts, results } = this.loaded;
    return this.accepted.filter((id) => !(facts.has(id) && results.has(id)) && !this.said.has(id));
  }

  #newFeed(consumer: string): WarehouseFeed {
    const onMended = (mended: readonly MendedGroup[]): void => {
      if (!mended.some(({ fault }) => fault === "lost")) return;
      for (const id of this.#deleted.splice(0)) this.said.add(id);
    };
    return new WarehouseFeed(client, {
      partitions: 1,
      consumer,
      maxEntries: 3,
      takeOverEveryMs: 0,
      takeOverAfterMs: 0,
      onMended,
    });
  }
}

const stream = fc.constantFrom(...STREAMS);
const anyStream = fc.constantFrom("events" as const, ...STREAMS);
const step = fc.oneof(
  { weight: 6, arbitrary: fc.constant({ does: "accept" as const }) },
  { weight: 5, arbitrary: fc.record({ does: fc.constant("commit" as const), most: fc.nat(3) }) },
  { weight: 5, arbitrary: fc.constant({ does: "poll" as const }) },
  { weight: 4, arbitrary: fc.record({ does: fc.constant("ack" as const), every: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("lose" as const), stream: anyStream }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("ahead" as const), stream: anyStream }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("delete" as const), stream }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("restart" as const), name: fc.nat(1) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function take(partition: Partition, what: Step): Promise<void> {
  switch (what.does) {
    case "accept":
      return partition.accept();
    case "commit":
      return partition.commit(what.most + 1);
    case "poll":
      return partition.poll();
    case "ack":
      return partition.acknowledge(what.every + 1);
    case "lose":
      await client.xgroup("DESTROY", keyOf[what.stream], groupOf(what.stream)).catch(isGone);
      return;
    case "ahead":
      await client.xgroup("SETID", keyOf[what.stream], groupOf(what.stream), "$").catch(isGone);
      return;
    case "delete":
      return partition.delete(what.stream);
    case "restart":
      return partition.restart(`loader-${what.name}`);
  }
}

const groupOf = (of: keyof typeof keyOf): string =>
  of === "events" ? ATTRIBUTION_GROUP : WAREHOUSE_GROUP;
function isThere(error: unknown): void {
  if (!String(error).includes("BUSYGROUP")) throw error;
}
function isGone(error: unknown): void {
  if (!/NOGROUP|requires the key to exist/.test(String(error))) throw error;
}

it("is never later than the oldest event that was accepted and is not in the report, whatever happens to the groups; and all is loaded in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const partition = await Partition.create();
      for (const what of steps) {
        await take(partition, what);
        const complete = await readCompleteUpTo(client, 1);
        const [oldest = `${Number.MAX_SAFE_INTEGER}-0`] = partition.missing;
        expect(complete).toBeLessThanOrEqual(entryTimeMs(oldest));
        if (partition.missing.length > 0) {
          // Nobody may be told that nothing waits.
          const lag = (await readLag(client, 1))[0];
          const { warehouse, ...attribution } = lag ?? expect.fail("no lag");
          const waits = [attribution, warehouse].map((of) => of.undelivered + of.pending);
          const gone = (await client.exists(keyOf.facts, keyOf.results)) < 2;
          expect(Math.max(...waits) > 0 || gone).toBe(true);
          expect(await settle(client, 1, { timeoutMs: 0 })).toBe(false);
        }
      }
      partition.restart("last");
      for (let i = 0; i < steps.length + 3; i += 1) {
        await partition.commit(4);
        await partition.poll();
        await partition.acknowledge(1);
      }
      expect(partition.missing).toEqual([]);
      expect(await settle(client, 1, { timeoutMs: 0 })).toBe(true);
      await new LossFinder(client, 1).find();
      const lag = (await readLag(client, 1))[0];
      expect(lag).toMatchObject({ undelivered: 0, pending: 0, stranded: false });
      expect(lag?.warehouse).toMatchObject({ undelivered: 0, pending: 0, stranded: false });
      expect(await readCompleteUpTo(client, 1)).toBeGreaterThan(1_600_000_000_000);
    }),
    { numRuns: runs(RUNS) },
  );
}, 120_000);
