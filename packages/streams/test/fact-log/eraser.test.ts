import {
  ATTRIBUTION_GROUP,
  BatchScanner,
  createRowDictionaries,
  emptyIdentityRecord,
  EntryReader,
  EntryWriter,
  erasuresKey,
  EventRow,
  eventsKey,
  factsKey,
  fillIdentityRow,
  IDENTITY_ERASE,
  packEvents,
  rewrittenFactsKey,
  type TributaryEvent,
} from "@tributary/protocol";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, it, onTestFinished } from "vitest";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import {
  acquireLease,
  agreeOnPlatform,
  commitBatch,
  connectRedis,
  ensureGroups,
  type Lease,
  readBacklog,
  readCompleteUpTo,
  readLag,
  type RedisClient,
  releaseLease,
  trimPartition,
  waitUntilReady,
  WarehouseFeed,
} from "../../src/index.ts";
import { FactEraser } from "../../src/fact-log/eraser.ts";
import { sortableId } from "../../src/redis/entry-id.ts";
import { factPages, readFactPage } from "../../src/fact-log/pages.ts";
import { readGroup } from "../../src/redis/read-group.ts";

const P = 1;
const NOW = 1_790_000_000_000;
const quiet = { info: () => undefined } as never;
let redis: RedisServer;
let client: RedisClient;
let held: Lease;
let position: string;
let feed: WarehouseFeed;

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
  await agreeOnPlatform(client, 2);
  await ensureGroups(client, 2);
  held = await take("w1");
  position = held.committedId;
  feed = new WarehouseFeed(client, { partitions: 2, consumer: "l1", maxEntries: 1000 });
});

async function take(worker: string): Promise<Lease> {
  const taken = await acquireLease(client, P, worker, 60_000);
  if (taken === undefined) throw new Error("the lease is another's");
  return taken;
}

/** A fact block with events of users. */
function blockOf(...events: readonly Partial<TributaryEvent>[]): Buffer {
  const dictionaries = createRowDictionaries(1);
  const tenant = dictionaries.tenants.internText("default");
  const writer = new EntryWriter(dictionaries);
  const options = {
    now: NOW,
    tenant,
    maxEvents: 1000,
    maxEventBytes: 32_768,
    maxFutureMs: 0,
    clockToleranceMs: 0,
    maxTransitMs: 3_300_000,
  };
  const complete = events.map((event) => ({ type: "click", time: NOW, ...event }));
  new BatchScanner(dictionaries).scan(packEvents(complete), options, (row) => writer.append(row));
  return writer.finish();
}

/** A fact block that begins with the erasure of a user. */
function erasureOf(user: string): Buffer {
  const dictionaries = createRowDictionaries(1);
  const writer = new EntryWriter(dictionaries);
  const row = new EventRow();
  row.tenant = dictionaries.tenants.internText("default");
  row.user = Buffer.from(user);
  row.userLength = row.user.length;
  const receipt = new Uint8Array(16).fill(7);
  const record = { ...emptyIdentityRecord(), kind: IDENTITY_ERASE, linked: true, receipt };
  fillIdentityRow(row, record, NOW);
  writer.append(row);
  return writer.finish();
}

/** Commits a fact block. @returns its ID */
async function commit(bytes: Buffer, erases = false): Promise<string> {
  const id = (await client.xadd(eventsKey(P), "*", "n", 1, "b", "e")) ?? "";
  const reads = { group: ATTRIBUTION_GROUP, consumer: "w1", count: 1 };
  await readGroup(client, [[eventsKey(P), ">"]], reads);
  const { factsId } = await commitBatch(client, held, position, {
    ids: [id],
    events: 1,
    originMs: 1234,
    readBefore: false,
    facts: { count: erases ? 0 : 2, bytes },
    erases,
    results: [],
    books: new Map(),
    deadLetters: [],
  });
  position = id;
  return factsId;
}

async function load(): Promise<number> {
  const entries = await feed.poll();
  await feed.acknowledge(entries);
  return entries.length;
}

/** `ID: user/event …` of each block of the log. */
async function log(pageBytes = 1000): Promise<string[]> {
  const blocks: string[] = [];
  for await (const page of factPages(client, P, { pageBytes })) {
    for (const { id, block } of page) {
      const reader = new EntryReader(block, createRowDictionaries(1));
      const row = new EventRow();
      const rows: string[] = [];
      const text = (bytes: Uint8Array, start: number, length: number): string =>
        Buffer.from(bytes.subarray(start, start + length)).toString("latin1");
      while (reader.next(row)) {
        const user = text(row.user, row.userStart, row.userLength);
        rows.push(`${user}/${text(row.id, row.idStart, row.idLength)}`);
      }
      blocks.push(`${id}: ${rows.join(" ")}`);
    }
  }
  return blocks;
}

const padding = { properties: { text: "x".repeat(8000) } };
const RECEIPT = "\u0007".repeat(16);

/** Blocks of two users, more than a page of them, and the erasure of one. @returns what the log is then */
async function history(blocks: number): Promise<string[]> {
  const left: string[] = [];
  for (let i = 0; i < blocks; i += 1) {
    const others = i % 3 === 0 ? [] : [{ id: `b${i}`, userId: "bob", ...padding }];
    const hers = i % 2 === 0 ? [{ id: `a${i}`, userId: "alice", ...padding }] : [];
    if (others.length + hers.length === 0) continue;
    const id = await commit(blockOf(...others, ...hers));
    if (others.length > 0) left.push(`${id}: bob/b${i}`);
  }
  const erasure = await commit(erasureOf("alice"), true);
  return [...left, `${erasure}: alice/${RECEIPT}`];
}

async function finish(eraser: FactEraser): Promise<number> {
  let steps = 0;
  for (;;) {
    await eraser.step();
    if (eraser.waiting.count === 0) return steps;
    steps += 1;
    if (steps > 1000) throw new Error("it does not end");
  }
}

it("waits for the groups, then leaves the blocks of others where they were, and what counts entries as it was", async () => {
  const left = await history(60);
  const before = await log();
  const eraser = new FactEraser(client, held, 0, quiet);
  await eraser.step();
  expect(eraser.isAtWork).toBe(false);
  expect(eraser.waiting.count).toBe(1);
  expect(await log()).toEqual(before);
  await load();
  // A group of somebody's own counts as well.
  await client.xgroup("CREATE", factsKey(P), "theirs", "0");
  eraser.wake();
  await eraser.step();
  expect(eraser.isAtWork).toBe(false);
  await client.xgroup("SETID", factsKey(P), "theirs", "$");
  eraser.wake();
  expect(await finish(eraser)).toBeGreaterThan(2);
  expect(eraser.waiting).toEqual({ count: 0, oldestMs: Infinity });

  expect(await log()).toEqual(left);
  expect(await log(1)).toEqual(left);
  const bytes = await Promise.all([
    client.callBuffer("XRANGE", [
      factsKey(P),
      "-",
      left.at(-1)?.split(":")[0] ?? "",
      "COUNT",
      1000,
    ]),
    client.callBuffer("ZRANGE", [rewrittenFactsKey(P), 0, -1]),
  ]);
  const found = (bytes.flat(9) as Buffer[]).filter((part) => part.includes("alice"));
  expect(found.length).toBe(1);
  expect(await load()).toBe(0);
  const [, lag] = await readLag(client, 2);
  const acknowledged = before.length;
  expect(lag?.warehouse).toMatchObject({ undelivered: 0, pending: 0, acknowledged });
  expect((await readBacklog(client, P)).warehouseBytes).toBe(0);
  const groups = (await client.xinfo("GROUPS", factsKey(P))) as unknown[][];
  expect(groups.map((group) => group[group.indexOf("lag") + 1])).toEqual([0, 0]);
  // Nothing waits: all up to now is complete, also where the block before the next one was rewritten.
  expect(await readCompleteUpTo(client, 2)).toBeGreaterThan(Date.now() - 10_000);
  await commit(blockOf({ id: "b", userId: "bob" }));
  expect(await readCompleteUpTo(client, 2)).toBeGreaterThan(Date.now() - 10_000);
});

it("goes on where an owner died, and refuses one whose lease is over", async () => {
  const left = await history(120);
  await load();
  const first = new FactEraser(client, held, 0, quiet);
  for (let i = 0; i < 3; i += 1) await first.step();
  expect(first.isAtWork).toBe(true);
  expect(await client.zcard(rewrittenFactsKey(P))).toBeGreaterThan(0);
  expect((await log()).length).toBeGreaterThan(left.length);
  await releaseLease(client, held);
  held = await take("w2");
  await expect(finish(first)).rejects.toMatchObject({ code: "fenced" });
  await finish(new FactEraser(client, held, 0, quiet));
  expect(await log()).toEqual(left);
  expect(await client.xlen(erasuresKey(P))).toBe(0);
});

it("is done after any number of owners that were killed", async () => {
  const left = await history(600);
  await load();
  const program = fileURLToPath(new URL("../support/killed-eraser.ts", import.meta.url));
  let moved = 0;
  for (let kills = 0; kills < 3; kills += 1) {
    const child = spawn(process.execPath, [program, redis.url, held.epoch], { stdio: "inherit" });
    const ended = once(child, "exit");
    onTestFinished(() => void child.kill("SIGKILL"));
    const before = moved;
    await expect
      .poll(async () => (moved = await client.zcard(rewrittenFactsKey(P))), {
        timeout: 10_000,
        interval: 10,
      })
      .toBeGreaterThan(before);
    child.kill("SIGKILL");
    await ended;
    expect(await client.xlen(erasuresKey(P))).toBe(1);
    await releaseLease(client, held);
    held = await take(`w${kills + 2}`);
  }
  await finish(new FactEraser(client, held, 0, quiet));
  expect(await log()).toEqual(left);
}, 60_000);

it("takes out of a block that was rewritten what is erased later, and of what is sent later nothing", async () => {
  const first = await commit(
    blockOf({ id: "1", userId: "alice" }, { id: "2", userId: "bob" }, { id: "3", userId: "carol" }),
  );
  const second = await commit(erasureOf("alice"), true);
  await load();
  await finish(new FactEraser(client, held, 0, quiet));
  const third = await commit(blockOf({ id: "4", userId: "alice" }, { id: "5", userId: "bob" }));
  const fourth = await commit(erasureOf("bob"), true);
  const fifth = await commit(blockOf({ id: "6", userId: "bob" }));
  await load();
  await finish(new FactEraser(client, held, 0, quiet));
  expect(await log()).toEqual([
    `${first}: carol/3`,
    `${second}: alice/${RECEIPT}`,
    `${third}: alice/4`,
    `${fourth}: bob/${RECEIPT}`,
    `${fifth}: bob/6`,
  ]);
  // By age it goes like every other block.
  await trimPartition(client, P, second);
  expect((await log())[0]).toBe(`${second}: alice/${RECEIPT}`);
  await trimPartition(client, P, fifth);
  expect(await log()).toEqual([`${fifth}: bob/6`]);
});

it("leaves no byte of what went, where several blocks lie in a node of the stream", async () => {
  await client.config("SET", "rdbcompression", "no");
  const left: string[] = [];
  for (let i = 0; i < 700; i += 1) {
    const hers = i % 600 === 7 || i === 699 ? [{ id: `secret-${i}`, userId: "alice" }] : [];
    const id = await commit(blockOf({ id: `b${i}`, userId: "bob" }, ...hers));
    left.push(`${id}: bob/b${i}`);
  }
  left.push(`${await commit(erasureOf("alice"), true)}: alice/${RECEIPT}`);
  for (let i = 0; i < 3; i += 1) {
    left.push(`${await commit(blockOf({ id: `c${i}`, userId: "bob" }))}: bob/c${i}`);
  }
  await load();
  const dump = async (): Promise<string> =>
    String(await client.callBuffer("DUMP", [factsKey(P)])) +
    String(await client.callBuffer("DUMP", [rewrittenFactsKey(P)]));
  expect((await dump()).includes("secret-")).toBe(true);
  await finish(new FactEraser(client, held, 0, quiet));
  expect((await dump()).match(/secret-\d+/g)).toBeNull();
  expect(await log()).toEqual(left);
  // Most blocks are where they were.
  expect(await client.zcard(rewrittenFactsKey(P))).toBeLessThan(400);
  // What a block covers is known though the one before it was moved.
  const next = await commit(blockOf({ id: "d", userId: "bob" }));
  const complete = await readCompleteUpTo(client, 2);
  expect(complete).toBeGreaterThan(Date.now() - 10_000);
  expect(complete).toBeLessThanOrEqual(Number(next.split("-")[0]));
});

it("does not bring back what was trimmed meanwhile", async () => {
  const left = await history(60);
  await load();
  const eraser = new FactEraser(client, held, 0, quiet);
  await eraser.step();
  await trimPartition(client, P, left.at(-1)?.split(":")[0]);
  await finish(eraser);
  expect(await log()).toEqual(left.slice(-1));
  expect(await client.exists(rewrittenFactsKey(P))).toBe(0);
});

it("leaves the log alone until the time is over for which what comes twice is known", async () => {
  await commit(blockOf({ id: "1", userId: "alice" }));
  await commit(erasureOf("alice"), true);
  await load();
  const eraser = new FactEraser(client, held, 60_000, quiet);
  const before = await log();
  for (let i = 0; i < 3; i += 1) await eraser.step();
  expect(eraser.isAtWork).toBe(false);
  expect(eraser.waiting.count).toBe(1);
  expect(Math.abs(eraser.waiting.oldestMs - Date.now())).toBeLessThan(10_000);
  expect(await log()).toEqual(before);
});

it("reads pages in the order of the IDs, whichever way the blocks lie", async () => {
  const ids: string[] = [];
  for (let i = 0; i < 30; i += 1)
    ids.push(`${5 + Math.floor(i / 12)}-${i % 12}`.replace(/^5-0$/, "5-99"));
  const sorted = ids.toSorted((a, b) => {
    const [ams, as] = a.split("-").map(Number) as [number, number];
    const [bms, bs] = b.split("-").map(Number) as [number, number];
    return ams - bms || as - bs;
  });
  for (const [i, id] of sorted.entries()) {
    if (i % 3 === 1 || (i > 10 && i < 20)) {
      await client.zadd(rewrittenFactsKey(P), 0, `${sortableId(id)} ${i} 1-1 block`);
    } else await client.xadd(factsKey(P), id, "n", i, "b", "block");
  }
  for (const size of [1, 2, 7, 100]) {
    const read: string[] = [];
    for (let from = "-"; ; from = `(${read.at(-1)}`) {
      const page = await readFactPage(client, P, from, size);
      if (page.length === 0) break;
      read.push(...page.map(({ id }) => id));
      expect(page.every(({ block }) => String(block) === "block")).toBe(true);
    }
    expect(read).toEqual(sorted);
  }
  const [found] = await readFactPage(client, P, sorted[13] ?? "", 1);
  expect(found).toMatchObject({ id: sorted[13], count: 13 });
});
