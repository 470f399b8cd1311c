import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/cli";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { expectBooksToClose, expectExactCredits, send, settled } from "../support/judge.ts";
import type { PlainEvent } from "../support/oracle.ts";
import { seededRandom } from "../support/random.ts";
import { temporaryDataDir } from "../support/tributary.ts";
import { generateWorkload } from "../support/workload.ts";

const SEED = Number(process.env["TRIBUTARY_FAULT_SEED"] ?? 1);
const EVENTS = 6000;
const BATCH = 20;
const PARTITIONS = 4;

/** The same items in an order drawn from the seed. */
function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

describe("killed, stopped and restarted in the middle of a stream", () => {
  const data = temporaryDataDir();
  let platform: Platform;

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
        TRIBUTARY_LEASE_MS: "1500",
        TRIBUTARY_HEARTBEAT_MS: "300",
      },
    });
  });
  afterAll(async () => {
    await platform?.stop();
    data.remove();
  });

  const pidOf = (name: string): number => {
    const pid = platform.processes().find((process) => process.name === name)?.pid;
    if (pid === undefined) throw new Error(`${name} does not run`);
    return pid;
  };
  const signal = (name: string, what: NodeJS.Signals): void => {
    process.kill(pidOf(name), what);
  };

  it(
    `every conversion has exactly the credits that all events at once would give (seed ${SEED})`,
    { timeout: 240_000 },
    async () => {
      const random = seededRandom(SEED);
      const events = generateWorkload(SEED, EVENTS, Date.now());
      const batches: PlainEvent[][] = [];
      for (let at = 0; at < events.length; at += BATCH) batches.push(events.slice(at, at + BATCH));
      // Every tenth batch is sent twice.
      const work = batches.flatMap((batch) => (random() < 0.1 ? [batch, batch] : [batch]));

      let next = 0;
      const clients = Array.from({ length: 4 }, async () => {
        for (let batch = work[next]; batch !== undefined; batch = work[next]) {
          next += 1;
          await send(platform.gatewayUrl, batch);
          await sleep(60);
        }
      });
      const faults: (() => Promise<void> | void)[] = [
        () => signal("worker-1", "SIGKILL"),
        () => signal("reports", "SIGKILL"),
        async () => {
          // Longer than its lease: when it wakes, its partitions are another's.
          const stopped = pidOf("worker-2");
          process.kill(stopped, "SIGSTOP");
          await sleep(2500);
          process.kill(stopped, "SIGCONT");
        },
        () => signal("gateway", "SIGKILL"),
        () => signal("worker-2", "SIGTERM"),
        async () => {
          const { port } = new URL(platform.redisUrl);
          const redis = new Redis(Number(port), {
            retryStrategy: () => null,
            maxRetriesPerRequest: 0,
          });
          redis.on("error", () => undefined);
          const info = await redis.info("server");
          redis.disconnect();
          process.kill(Number(/process_id:(\d+)/.exec(info)?.[1]), "SIGKILL");
        },
        () => signal("worker-1", "SIGKILL"),
      ];
      for (const fault of shuffled(faults, random)) {
        await sleep(400 + random() * 600);
        await fault();
      }
      await Promise.all(clients);
      await settled(platform);

      expect(await expectExactCredits(platform, events)).toBeGreaterThan(500);
      const redis = new Redis(platform.redisUrl);
      onTestFinished(() => redis.disconnect());
      await expectBooksToClose(redis, PARTITIONS, new Set(events.map(({ id }) => id)).size);
    },
  );
});
