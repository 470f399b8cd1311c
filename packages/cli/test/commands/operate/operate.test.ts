/** The operators' commands against a real platform. */
import { setTimeout as sleep } from "node:timers/promises";
import { eventsKey, factsKey } from "@tributary/protocol";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { temporaryDataDir } from "../../../../../test/support/tributary.ts";
import { startPlatform, type Platform } from "@tributary/platform";
import { runCli, startCli, type CliResult } from "../../support/run-cli.ts";

const PARTITIONS = 4;
const data = temporaryDataDir();
let platform: Platform;
let redis: Redis;

beforeAll(async () => {
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    workers: 2,
    threads: 1,
    partitions: PARTITIONS,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      TRIBUTARY_HEARTBEAT_MS: "200",
    },
  });
  redis = new Redis(platform.redisUrl);
}, 90_000);
afterAll(async () => {
  redis?.disconnect();
  await platform?.stop();
  data.remove();
}, 60_000);

const run = (...args: string[]): Promise<CliResult> =>
  runCli([...args, "--data", data.dir], { cwd: data.dir });

/** What a command prints as JSON, and nothing else. */
async function json<T>(...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await run(...args, "--json");
  if (code !== 0) throw new Error(`exit ${code}: ${stderr}`);
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(stdout) as T;
}

async function until(condition: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (performance.now() < end) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error(`not within 30 s: ${what}`);
}

interface Letters {
  total: number;
  deadLetters: { id: string; stream: string; attempts: number; firstTime: string }[];
}
interface BooksJson {
  closed: boolean;
  total: { accepted: number; processed: number; deadLettered: number; residue: number };
  tenants: { tenant: string; partition: number }[];
}

async function send(count: number): Promise<void> {
  const events = Array.from({ length: count }, (_, i) => ({
    id: `e${i}`,
    type: "click",
    time: Date.now(),
    userId: `u${i}`,
    channel: "email",
  }));
  const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(answer.status).toBe(202);
}

test("lag, dead letters and books, from an entry that cannot be read to its end", async () => {
  await send(40);
  await redis.xadd(eventsKey(2), "*", "n", 3, "b", "not an entry");
  await redis.xadd(factsKey(1), "*", "n", 2, "b", "not facts");
  const letters = async (): Promise<Letters> => json<Letters>("dead-letters", "list");
  await until(async () => (await letters()).total === 2, "two dead letters");
  const { deadLetters } = await letters();
  const events = deadLetters.find(({ stream }) => stream === "events");
  const facts = deadLetters.find(({ stream }) => stream === "facts");
  expect(events?.id).toMatch(/^p02\/\d+-\d+$/);
  expect(Number(events?.attempts)).toBeGreaterThan(0);
  expect((await run("dead-letters", "list", "--partition", "1")).stdout).toMatch(
    /^p01\/\S+\s+facts\s/m,
  );
  const shown = await run("dead-letters", "show", events?.id ?? "");
  expect(shown.stdout).toMatch(/^from\s+events of partition 2, entry \d+-\d+$/m);
  expect(shown.stdout).toContain("6e 6f 74 20 61 6e 20 65 6e 74 72 79");
  expect(await json("dead-letters", "show", facts?.id ?? "")).toMatchObject({
    id: facts?.id,
    stream: "facts",
    events: 2,
    traceId: null,
    content: { hexHead: Buffer.from("not facts").toString("hex") },
  });

  // The two dead letters may be there before the last good entry is committed.
  interface Lag {
    partitions: object[];
    deadLetters: object;
    total: { attribution: { entries: number; secondsToDrain: number | null } };
  }
  await until(async () => {
    const { entries, secondsToDrain } = (await json<Lag>("lag")).total.attribution;
    return entries === 0 && secondsToDrain === 0;
  }, "no entry waits");
  const lag = await json<Lag>("lag");
  expect(lag).toMatchObject({ deadLetters: { count: 2 }, booksResidue: 0 });
  expect(lag.partitions).toHaveLength(PARTITIONS);
  const text = (await run("lag")).stdout;
  expect(text).toMatch(/^partition\s+owner\s+epoch\s+undelivered\s+pending\s+oldest/);
  expect(text).toMatch(/^total\s/m);
  expect(text).toContain("dead letters: 2, the oldest for");
  const readMetrics = async () => (await fetch(`${platform.reportsUrl}/metrics`)).text();
  // The meter measures at intervals: its last figure may be older than the lag above.
  await until(
    async () => /^tributary_drain_seconds\{group="attribution"\} 0$/m.test(await readMetrics()),
    "the metrics say so too",
  );
  const metrics = await readMetrics();
  expect(metrics).toMatch(/^tributary_kept_dead_letters 2$/m);
  expect(metrics).toMatch(/^tributary_books_events\{account="accepted"\} 43$/m);
  expect(metrics).toMatch(/^tributary_books_residue_events 0$/m);

  // It comes back: it still cannot be read. Both times are in the books.
  const replayed = await json("dead-letters", "replay", events?.id ?? "");
  expect(replayed).toEqual({ replayed: 1, events: 3 });
  await until(async () => (await letters()).total === 2, "it is a dead letter again");
  expect((await run("dead-letters", "show", events?.id ?? "")).code).toBe(1);
  const books = await json<BooksJson>("books");
  expect(books).toMatchObject({
    closed: true,
    total: { accepted: 46, processed: 40, deadLettered: 6, replayed: 3, residue: 0 },
  });
  expect((await json<BooksJson>("books", "--partition", "2")).tenants).toMatchObject([
    { tenant: "(unknown)", partition: 2, accepted: 6, deadLettered: 6 },
    { tenant: "default", partition: 2 },
  ]);
  expect((await run("books", "--tenant", "default")).stdout).toMatch(
    /^total\s+40\s+0\s+40\s+0\s+0\s+0\n\nThe books close\.$/m,
  );
  expect(await json("dead-letters", "discard", "--all", "--yes")).toEqual({
    discarded: 2,
    events: 5,
  });
  expect((await run("dead-letters", "list")).stdout).toBe("No dead letters.\n");
}, 120_000);

test("books that do not close are exit code 1, and name the partition", async () => {
  await redis.hincrby("{p03}:state", "books:default:processed", -1);
  const { code, stdout } = await run("books");
  await redis.hincrby("{p03}:state", "books:default:processed", 1);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /^partition 3: its entries held \d+ events, of which the books do not account for 1$/m,
  );
  expect(stdout).toMatch(/The books do not close\.\n$/);
  expect((await run("books")).code).toBe(0);
}, 60_000);

test("a worker is drained, shown as draining, and takes its share again", async () => {
  const drained = await json<{ handOverSeconds: number }>("groups", "drain", "worker-1");
  expect(drained.handOverSeconds).toBeGreaterThan(0);
  const groups = await run("groups");
  expect(groups.stdout).toMatch(/^worker-1\s+draining\s+0\s/m);
  expect(groups.stdout).toMatch(/^worker-2\s+live\s+4\s/m);
  expect(groups.stdout).toMatch(/^reports-\S+\s+\d+\s/m);
  const last = await run("groups", "drain", "worker-2");
  expect({ code: last.code, stdout: last.stdout }).toEqual({ code: 1, stdout: "" });
  expect(last.stderr).toContain("worker-2 is the last worker that owns partitions");
  const [worker] = platform.workers();
  expect(await (await fetch(`${worker?.url}/healthz`)).json()).toMatchObject({ draining: true });
  expect(await json("groups", "undrain", "worker-1")).toEqual({ undrained: "worker-1" });
  expect((await run("groups", "undrain", "worker-1")).stderr).toContain("is not draining");
  const members = async () =>
    (await json<{ attribution: { members: { partitions: number[] }[] } }>("groups")).attribution
      .members;
  await until(async () => (await members())[0]?.partitions.length === 2, "shared again");

  // Partition 1 changed hands, and what cannot be read is still in its fact log: it goes on all the same.
  const accepted = async () => (await json<BooksJson>("books", "--tenant", "default")).total;
  const before = (await accepted()).accepted;
  await send(40);
  await until(async () => (await accepted()).accepted === before + 40, "every partition works");
}, 90_000);

test("--watch goes on until Ctrl-C, and --redis finds the platform anywhere", async () => {
  const args = ["groups", "--watch", "--json", "--redis", platform.redisUrl];
  const { child, done } = startCli(args, { cwd: "/" });
  let lines = 0;
  child.stdout?.on("data", (text: Buffer) => {
    lines += text.toString().split("\n").length - 1;
    if (lines >= 2) child.kill("SIGINT");
  });
  const { code, stdout } = await done;
  expect(code).toBe(130);
  for (const line of stdout.trimEnd().split("\n")) {
    expect(JSON.parse(line)).toMatchObject({ attribution: {}, warehouse: {} });
  }
}, 60_000);
