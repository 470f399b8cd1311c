import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/cli";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectedResults, type PlainEvent } from "../support/oracle.ts";
import { seededRandom } from "../support/random.ts";
import { jsonOf, temporaryDataDir, tributary } from "../support/tributary.ts";
import { generateWorkload } from "../support/workload.ts";

const SEED = Number(process.env["TRIBUTARY_FAULT_SEED"] ?? 1);
const EVENTS = 6000;
const BATCH = 20;
const PARTITIONS = 4;

interface Answer {
  readonly value: string;
  readonly revision: number;
  readonly touchpoints: readonly { readonly index: number; readonly id: string }[];
  readonly credits: readonly {
    readonly model: string;
    readonly touch: number;
    readonly credit: string;
    readonly value: string;
  }[];
}

/** Sends as a good client does: again and again, unchanged, until it is told that the events were taken. */
async function send(url: string, events: readonly PlainEvent[]): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    try {
      const answer = await fetch(`${url}/v1/events`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(events),
        signal: AbortSignal.timeout(5000),
      });
      const body = (await answer.json()) as { accepted: number; refused: unknown[] };
      if (answer.status === 202) {
        expect(body).toEqual({ accepted: events.length, refused: [] });
        return;
      }
      expect(answer.status).toBe(503);
    } catch (error) {
      // A connection that broke, or an answer that did not come: as a client, send again.
      if (error instanceof Error && error.name === "AssertionError") throw error;
    }
    await sleep(100);
  }
  throw new Error("the events were not taken within a minute");
}

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
      await settled();

      const expected = expectedResults(events);
      expect(expected.size).toBeGreaterThan(500);
      for (const [key, plain] of expected) {
        const id = key.split("/")[1] ?? "";
        const answer = (await (
          await fetch(`${platform.reportsUrl}/v1/conversions/${id}`)
        ).json()) as Answer;
        expect(answer.touchpoints.map((touch) => touch.id)).toEqual(plain.path);
        expect(Math.round(Number(answer.value) * 100)).toBe(plain.cents);
        for (const [model, weights] of Object.entries(plain.weights)) {
          const credits = answer.credits.filter((credit) => credit.model === model);
          if (weights.length === 0) {
            expect(credits).toMatchObject([{ credit: "1" }]);
            continue;
          }
          const byTouch = weights.map((_, i) =>
            Number(credits.find(({ touch }) => touch === i + 1)?.credit ?? 0),
          );
          for (const [i, weight] of weights.entries()) expect(byTouch[i]).toBeCloseTo(weight, 10);
          const cents = credits.reduce((sum, { value }) => sum + Number(value), 0);
          expect(Math.round(cents * 100)).toBe(plain.cents);
        }
      }
      await expectBooksToClose(new Set(events.map(({ id }) => id)).size);
      const report = (await (
        await fetch(`${platform.reportsUrl}/v1/reports/attribution?model=all&by=channel`)
      ).json()) as {
        totals: { conversions: number };
      };
      expect(report.totals.conversions).toBe(expected.size);
    },
  );

  async function settled(): Promise<void> {
    for (let attempt = 0; attempt < 60; attempt += 1) {
      try {
        const answer = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=20000`);
        if (answer.ok && ((await answer.json()) as { settled: boolean }).settled) return;
      } catch {
        // The reports service is being started again.
      }
      await sleep(500);
    }
    throw new Error("not settled within a minute");
  }

  /** Every account is closed, also against what the entries held, and every distinct event was processed once. */
  async function expectBooksToClose(distinct: number): Promise<void> {
    const books = jsonOf<{ closed: boolean; total: { accepted: number } }>(
      await tributary(["books", "--json", "--data", data.dir]),
    );
    expect(books).toMatchObject({
      closed: true,
      total: { processed: distinct, deadLettered: 0, dropped: {}, residue: 0 },
    });
    expect(books.total.accepted).toBeGreaterThan(distinct);
  }
});
