/** Services over one Redis and warehouses of their own, as processes. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import {
  BLOCK_FIELD,
  factsKey,
  PLATFORM_KEY,
  POSITION_FIELD,
  resultsKey,
} from "@tributary/protocol";
import { agreeOnPlatform, ensureGroups, settle } from "@tributary/streams";
import type { Adoption } from "@tributary/warehouse";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { adoptWarehouse } from "../../src/offline.ts";
import { claimWarehouse } from "../../src/load/warehouse-claim.ts";
import { click, factBlock, purchase, resultBlock } from "../support/blocks.ts";
import { temporaryWarehouse } from "../support/parts.ts";
import { startRedis } from "../support/redis.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
const TIMEOUT_MS = 60_000;
const CONVERSIONS = 20;
let redis: Awaited<ReturnType<typeof startRedis>>;
let folders: string[] = [];
let running: ChildProcess[] = [];

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());
beforeEach(() => redis.client.flushall());
afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
  running = [];
  folders = [];
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-claim-"));
  folders.push(folder);
  return folder;
}

interface Service {
  /** Undefined where it ended before it listened. */
  readonly address: string | undefined;
  readonly output: () => string;
  readonly ended: Promise<number | null>;
  readonly stop: () => Promise<void>;
}

/** Starts the service on a folder, and waits until it listens or ends. */
async function start(folder: string): Promise<Service> {
  const child = spawn(process.execPath, [MAIN], {
    env: {
      PATH: process.env["PATH"],
      OTEL_TRACES_EXPORTER: "none",
      REDIS_URL: redis.url,
      TRIBUTARY_DATA_DIR: folder,
      TRIBUTARY_PORT: "0",
      TRIBUTARY_PARTITIONS: "1",
      TRIBUTARY_LOAD_INTERVAL_MS: "10",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  running.push(child);
  let output = "";
  const ended = once(child, "close").then(([code]) => code as number | null);
  const listens = Promise.withResolvers<string | undefined>();
  createInterface(child.stdout).on("line", (text) => {
    output += `${text}\n`;
    const line = JSON.parse(text) as { msg: string; address?: string };
    if (line.msg === "reports listens") listens.resolve(line.address);
  });
  void ended.then(() => listens.resolve(undefined));
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
  };
  return { address: await listens.promise, output: () => output, ended, stop };
}

async function append(from: number): Promise<void> {
  const { client } = redis;
  for (let i = from; i < from + CONVERSIONS; i += 1) {
    const position = `${1_700_000_000_000 + i}-0`;
    const facts = factBlock([click(`t${i}`), purchase(`c${i}`)]);
    const results = resultBlock([purchase(`c${i}`)], [click(`t${i}`)], "5");
    for (const [key, block] of [
      [factsKey(0), facts],
      [resultsKey(0), results],
    ] as const) {
      await client.xadd(key, position, BLOCK_FIELD, Buffer.from(block), POSITION_FIELD, position);
    }
  }
  await settle(client, 1, { timeoutMs: 20_000 });
}

async function conversionsOf({ address = "" }: Service): Promise<number> {
  const answer = await fetch(`${address}/v1/reports/attribution?model=linear&by=channel`);
  const { totals } = (await answer.json()) as { totals: { conversions: number } };
  return totals.conversions;
}

const adopt = async (dataDir: string, adoption: Adoption) => adoptWarehouse({ dataDir }, adoption);

test("several services over one warehouse find the same ID, also where they start at the same time", async () => {
  await agreeOnPlatform(redis.client, 1);
  await ensureGroups(redis.client, 1);
  const { engine, remove } = await temporaryWarehouse();
  try {
    const claims = await Promise.all(
      [1, 2, 3].map(async () => claimWarehouse(redis.client, engine, 1)),
    );
    claims.push(await claimWarehouse(redis.client, engine, 1));
    expect(new Set(claims.map(({ id }) => id)).size).toBe(1);
    for (const { isHeld } of claims) expect(await isHeld()).toBe(true);
    await redis.client.hset(PLATFORM_KEY, "warehouse", "another");
    for (const { isHeld } of claims) expect(await isHeld()).toBe(false);
    await expect(claimWarehouse(redis.client, engine, 1)).rejects.toMatchObject({
      code: "warehouse_mismatch",
    });
  } finally {
    await remove();
  }
});

test(
  "a second warehouse is refused, whether the first one runs or not",
  { timeout: TIMEOUT_MS },
  async () => {
    const [own, other] = [await newFolder(), await newFolder()];
    const first = await start(own);
    await append(0);
    const second = await start(other);
    expect(await second.ended).toBe(1);
    expect(second.output()).toContain(
      "this warehouse is empty, and the platform in this Redis was loaded into another one: open that one, or take this one with `tributary warehouse adopt`",
    );
    expect(second.output()).toContain("20 of 20 blocks of facts (from 2023-11-14");
    expect(second.output()).not.toContain("    at ");
    await append(100);
    expect(await conversionsOf(first)).toBe(2 * CONVERSIONS);
    await first.stop();
    expect(await (await start(other)).ended).toBe(1);
    const again = await start(own);
    expect(await conversionsOf(again)).toBe(2 * CONVERSIONS);
  },
);

test(
  "an empty warehouse is refused where the streams were loaded before there were IDs, and the loaded one taken",
  { timeout: TIMEOUT_MS },
  async () => {
    const [own, other] = [await newFolder(), await newFolder()];
    const first = await start(own);
    await append(0);
    await first.stop();
    await redis.client.hdel(PLATFORM_KEY, "warehouse");
    expect(await (await start(other)).ended).toBe(1);
    expect((await start(own)).address).toBeDefined();
  },
);

test(
  "two that start at the same time over new folders do not both load",
  { timeout: TIMEOUT_MS },
  async () => {
    const services = await Promise.all([start(await newFolder()), start(await newFolder())]);
    const [winner, ...more] = services.filter(({ address }) => address !== undefined);
    expect(more).toEqual([]);
    if (winner === undefined) throw new Error("none listens");
    await append(0);
    expect(await conversionsOf(winner)).toBe(CONVERSIONS);
  },
);

test(
  "one that is adopted is loaded from then on, and the former one stops",
  { timeout: TIMEOUT_MS },
  async () => {
    const [own, other] = [await newFolder(), await newFolder()];
    const first = await start(own);
    await append(0);
    await adopt(other, "keep");
    const second = await start(other);
    expect(second.output()).toContain("what was loaded into another one before is missing here");
    await append(100);
    expect(await first.ended).toBe(1);
    expect(first.output()).toContain("another warehouse was adopted");
    expect(await conversionsOf(second)).toBe(CONVERSIONS);
    await second.stop();
    // The word was for once.
    expect((await start(other)).output()).not.toContain("loaded from now on");
  },
);

test(
  "one that is adopted with a reload has all that Redis still holds",
  { timeout: TIMEOUT_MS },
  async () => {
    const [own, other] = [await newFolder(), await newFolder()];
    const first = await start(own);
    await append(0);
    await first.stop();
    await adopt(other, "reload");
    const second = await start(other);
    expect(second.output()).toContain(
      "again with what Redis still holds: 20 of 20 blocks of facts",
    );
    await append(100);
    await expect.poll(async () => conversionsOf(second), { timeout: 20_000 }).toBe(2 * CONVERSIONS);
  },
);
