/**
 * Measures the takeover of a partition: how fast its memory is rebuilt from its fact log, and how many bytes a touchpoint
 * takes in Redis and in a worker. Prints one JSON object.
 *
 *   node_modules/.bin/node packages/worker/test/bench/takeover.ts [--touchpoints 1000000] [--runs 5] [--block-events 4096]
 *
 * `restore` is PartitionState alone, over blocks in memory, by the clock and by the thread's CPU time, which a busy machine
 * disturbs less; `takeover` is what a worker does: a real Redis, the consumer's
 * pages, the compute thread. Filling and measuring are processes of their own, so that neither warms the other up and the
 * growth of the resident memory is the takeover's.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { DEFAULT_JOURNEY_OPTIONS, PartitionState } from "@tributary/attribution";
import {
  createRowDictionaries,
  EntryWriter,
  EventRow,
  factsKey,
  murmur3,
} from "@tributary/protocol";
import {
  acquireLease,
  connectRedis,
  DEFAULT_CONSUMER_OPTIONS,
  ensureGroups,
  PartitionConsumer,
  type PartitionProcessor,
  type RedisClient,
  waitUntilReady,
} from "@tributary/streams";
import { startTelemetry } from "@tributary/telemetry";
import { startRedis } from "../../../../test/support/redis-server.ts";
import { BatchTrace } from "../../src/partition/batch-trace.ts";
import { readConfig } from "../../src/config.ts";
import { createWorkerMetrics } from "../../src/metrics.ts";
import { AttributionProcessor } from "../../src/partition/processor.ts";
import { ThreadPool } from "../../src/threads/pool.ts";

const SELF = fileURLToPath(import.meta.url);
const START_MS = 1_790_000_000_000;
const DAY_MS = 86_400_000;
const TOUCHES_PER_USER = [4, 20] as const;

type Task =
  | { kind: "fill"; url: string; users: number; touchesPerUser: number; blockEvents: number }
  | { kind: "measure"; url: string; touchpoints: number; runs: number };

const round = (value: number): number => Math.round(value * 10) / 10;
const best = (seconds: readonly number[], touchpoints: number): number =>
  Math.round(touchpoints / Math.min(...seconds));

/** Entries as a gateway would write them: touchpoints of users in random order, UUIDs as IDs, 10-byte user keys. */
function* entries(users: number, touchpoints: number, perEntry: number): Generator<Uint8Array> {
  const drawn = new Uint32Array(1);
  const random = (): number => {
    drawn[0] = (drawn[0] as number) + 1;
    return murmur3(new Uint8Array(drawn.buffer), 0, 4, 1) / 2 ** 32;
  };
  const dictionaries = createRowDictionaries(7);
  const text = (dimension: number, prefix: string, count: number): number =>
    dictionaries.dimensions[dimension]?.internText(
      `${prefix}-${Math.floor(random() ** 2 * count)}`,
    ) ?? 0;
  const writer = new EntryWriter(dictionaries);
  const row = new EventRow();
  row.tenant = dictionaries.tenants.internText("default");
  const order = Uint32Array.from({ length: touchpoints }, (_, i) => i % users);
  for (let i = touchpoints - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [order[i], order[j]] = [order[j] as number, order[i] as number];
  }
  const id = new Uint8Array(16);
  const words = new Uint32Array(id.buffer);
  for (let i = 0; i < touchpoints; i += 1) {
    for (let w = 0; w < 4; w += 1) words[w] = random() * 2 ** 32;
    // Type click, ID a UUID.
    row.flags = 1 | 0x10;
    row.time = START_MS + Math.floor((i / touchpoints) * 20 * DAY_MS);
    row.id = id;
    row.idLength = 16;
    row.user = Buffer.from(`u${String(order[i]).padStart(9, "0")}`);
    row.userLength = 10;
    row.dimensions[0] = text(0, "source", 12);
    row.dimensions[1] = text(1, "medium", 5);
    row.dimensions[2] = text(2, "campaign", 300);
    row.dimensions[5] = 0;
    writer.append(row);
    if (writer.count === perEntry || i === touchpoints - 1) yield writer.finish();
  }
}

async function connect(url: string): Promise<RedisClient> {
  const client = connectRedis(url, { name: "takeover", commandTimeoutMs: 60_000 });
  if (!(await waitUntilReady(client, 10_000))) throw new Error("no Redis");
  await ensureGroups(client, 1);
  return client;
}

/** Writes the fact log as a worker's commits would. */
async function fill(task: Extract<Task, { kind: "fill" }>): Promise<object> {
  const client = await connect(task.url);
  const touchpoints = task.users * task.touchesPerUser;
  const state = new PartitionState(DEFAULT_JOURNEY_OPTIONS, 99);
  let seconds = 0;
  for (const entry of entries(task.users, touchpoints, task.blockEvents)) {
    const startedAt = performance.now();
    const { facts, factCount } = state.process([entry]);
    seconds += (performance.now() - startedAt) / 1000;
    await client.xadd(factsKey(0), "*", "n", factCount, "p", "0-0", "b", Buffer.from(facts ?? []));
  }
  client.disconnect();
  return { processEventsPerSecond: Math.round(touchpoints / seconds) };
}

/** The processor, with the time between the partition's being forgotten and its last fact's being back. */
class TimedProcessor implements PartitionProcessor {
  startedAtMs = 0;
  readonly restored: Promise<number>;
  #resolve: (seconds: number) => void = () => undefined;
  readonly #inner: AttributionProcessor;
  readonly #touchpoints: number;

  constructor(inner: AttributionProcessor, touchpoints: number) {
    this.#inner = inner;
    this.#touchpoints = touchpoints;
    this.restored = new Promise((resolve) => (this.#resolve = resolve));
  }
  async forget(partition: number): Promise<void> {
    this.startedAtMs ||= performance.now();
    await this.#inner.forget(partition);
  }
  async restore(...args: Parameters<PartitionProcessor["restore"]>): Promise<void> {
    await this.#inner.restore(...args);
    if (this.#inner.stateSize.facts < this.#touchpoints) return;
    this.#resolve((performance.now() - this.startedAtMs) / 1000);
  }
  process = async (...args: Parameters<PartitionProcessor["process"]>) =>
    this.#inner.process(...args);
  committed = (...args: Parameters<PartitionProcessor["committed"]>) =>
    this.#inner.committed(...args);
}

async function measure({ url, touchpoints, runs }: Extract<Task, { kind: "measure" }>) {
  const client = await connect(url);
  const config = readConfig({ OTEL_TRACES_EXPORTER: "none", TRIBUTARY_LOG_LEVEL: "error" });
  const telemetry = startTelemetry({
    serviceName: "takeover",
    serviceVersion: "0",
    instanceId: "takeover",
    config: config.telemetry,
  });
  const fail = (): never => {
    throw new Error("a compute thread died");
  };
  const threads = new ThreadPool(
    {
      threads: 1,
      heapMb: 2048,
      data: { journeys: config.journeys, partitions: 1, seed: 5, vocabularyBytes: 2 ** 28 },
    },
    fail,
    fail,
  );
  const inner = new AttributionProcessor(
    threads,
    new BatchTrace(telemetry, 60_000),
    createWorkerMetrics(telemetry),
    config,
    telemetry.logger,
  );
  // The thread has started before its memory is looked at.
  await inner.restore(1, [], true);
  const takeovers: number[] = [];
  let bytes = 0;
  let residentBytes = 0;
  for (let run = 0; run < runs; run += 1) {
    const processor = new TimedProcessor(inner, touchpoints);
    const before = process.memoryUsage.rss();
    const lease = await acquireLease(client, 0, "takeover", 60_000);
    if (lease === undefined) throw new Error("the partition is somebody else's");
    const options = { ...DEFAULT_CONSUMER_OPTIONS, blockMs: 10 };
    const consumer = new PartitionConsumer(
      client,
      lease,
      processor,
      options,
      telemetry.logger,
      performance.now(),
    );
    const ended = consumer.run();
    takeovers.push(await processor.restored);
    if (run === 0) residentBytes = process.memoryUsage.rss() - before;
    // The tables: a thread's strings do not grow with its touchpoints.
    const { bytes: all, vocabularyBytes } = inner.stateSize;
    bytes = all - vocabularyBytes;
    consumer.stop();
    await ended;
  }
  await threads.close();

  const reply = (await client.callBuffer("XRANGE", [factsKey(0), "-", "+"])) as [
    Buffer,
    Buffer[],
  ][];
  const blocks = reply.map(([, fields]) => new Uint8Array(fields[5] as Buffer));
  const restores: number[] = [];
  const cpuSeconds: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    const state = new PartitionState(config.journeys, 5);
    const startedAt = performance.now();
    const before = process.threadCpuUsage();
    for (const block of blocks) state.restore(block);
    const { user, system } = process.threadCpuUsage(before);
    restores.push((performance.now() - startedAt) / 1000);
    cpuSeconds.push((user + system) / 1e6);
    if (state.factCount !== touchpoints) throw new Error(`${state.factCount} facts came back`);
  }
  const redisBytes = Number(await client.call("MEMORY", ["USAGE", factsKey(0), "SAMPLES", 0]));
  client.disconnect();
  await telemetry.shutdown();
  return {
    restoreTouchpointsPerSecond: best(restores, touchpoints),
    restoreTouchpointsPerCpuSecond: best(cpuSeconds, touchpoints),
    takeoverTouchpointsPerSecond: best(takeovers, touchpoints),
    firstTakeoverTouchpointsPerSecond: Math.round(touchpoints / (takeovers[0] as number)),
    redisBytesPerTouchpoint: round(redisBytes / touchpoints),
    memoryBytesPerTouchpoint: round(bytes / touchpoints),
    residentBytesPerTouchpoint: round(residentBytes / touchpoints),
  };
}

async function inProcess(task: Task): Promise<object> {
  const child = fork(SELF, [JSON.stringify(task)]);
  const [answer] = (await Promise.race([
    once(child, "message"),
    once(child, "exit").then(([code]) => Promise.reject(new Error(`${task.kind}: exit ${code}`))),
  ])) as [object];
  return answer;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      touchpoints: { type: "string", default: "1000000" },
      runs: { type: "string", default: "5" },
      "block-events": { type: "string", default: "4096" },
    },
  });
  const runs = Number(values.runs);
  const blockEvents = Number(values["block-events"]);
  const shapes: object[] = [];
  for (const touchesPerUser of TOUCHES_PER_USER) {
    const users = Math.ceil(Number(values.touchpoints) / touchesPerUser);
    const shape = { users, touchesPerUser };
    const redis = await startRedis();
    try {
      const filled = await inProcess({ kind: "fill", url: redis.url, ...shape, blockEvents });
      const touchpoints = shape.users * shape.touchesPerUser;
      const figures = await inProcess({ kind: "measure", url: redis.url, touchpoints, runs });
      shapes.push({ ...shape, touchpoints, ...figures, ...filled });
    } finally {
      await redis.close();
    }
  }
  process.stdout.write(`${JSON.stringify({ runs, blockEvents, shapes }, null, 2)}\n`);
}

if (process.send === undefined) await main();
else {
  const task = JSON.parse(process.argv[2] ?? "") as Task;
  const answer = task.kind === "fill" ? await fill(task) : await measure(task);
  process.send(answer, () => process.disconnect());
}
