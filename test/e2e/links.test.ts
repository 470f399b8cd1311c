/** Links and pixels through a Redis that is killed, and a gateway that is killed: every click that was answered counts, once. */
import { tenantsFile } from "../support/tenants-file.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type RedisServer, startRedis } from "../support/redis-server.ts";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 120_000;
const SECONDS = Number(process.env["TRIBUTARY_LINKS_SECONDS"] ?? 12);
/** Clicks a second, and as many impressions. */
const RATE = 50;
const TARGET = "https://shop.example/?utm_source=news&utm_medium=email&utm_campaign=spring";

let redis: RedisServer;
let platform: Platform;
const data = temporaryDataDir();

beforeAll(async () => {
  redis = await startRedis();
  platform = await startPlatform({
    dataDir: data.dir,
    redisUrl: redis.url,
    port: 0,
    partitions: 4,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      TRIBUTARY_TENANTS_FILE: tenantsFile(data.dir, { default: { links: ["shop.example"] } }),
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  await redis?.close();
  data.remove();
});

interface Counts {
  readonly rows: readonly { readonly clicks: number; readonly impressions: number }[];
}

it(
  "every redirect is answered, and every click is in the report",
  { timeout: TIMEOUT_MS },
  async () => {
    const took: number[] = [];
    let unanswered = 0;
    const answered = { click: 0, impression: 0 };
    /** As a browser does that could not connect: again, until somebody is there. What was cut off may have counted. */
    let cutOff = 0;
    const ask = async (path: string): Promise<Response | undefined> => {
      for (let tries = 0; tries < 200; tries += 1) {
        const startedMs = performance.now();
        try {
          const answer = await fetch(`${platform.gatewayUrl}${path}`, { redirect: "manual" });
          took.push(performance.now() - startedMs);
          await answer.arrayBuffer();
          return answer;
        } catch (error) {
          const { cause } = error as { cause?: { code?: string } };
          if (cause?.code !== "ECONNREFUSED") {
            cutOff += 1;
            return undefined;
          }
          await sleep(50);
        }
      }
      unanswered += 1;
      return undefined;
    };
    const click = async (): Promise<void> => {
      const answer = await ask(`/c/none?url=${encodeURIComponent(TARGET)}`);
      if (answer === undefined) return;
      expect(answer.status).toBe(302);
      expect(answer.headers.get("location")).toMatch(
        /^https:\/\/shop\.example\/\?utm_source=news.*&tclid=/,
      );
      answered.click += 1;
    };
    const see = async (): Promise<void> => {
      const answer = await ask("/p.gif?source=news&medium=email&campaign=spring");
      if (answer === undefined) return;
      expect(answer.headers.get("content-type")).toBe("image/gif");
      answered.impression += 1;
    };
    const requests: Promise<void>[] = [];
    const faults = (async () => {
      await sleep(SECONDS * 150);
      await redis.kill();
      await sleep(SECONDS * 250);
      await redis.start();
      await sleep(SECONDS * 150);
      process.kill(
        platform.processes().find(({ name }) => name === "gateway")?.pid ?? NaN,
        "SIGKILL",
      );
    })();
    for (let i = 0; i < SECONDS * RATE; i += 1) {
      requests.push(click(), see());
      await sleep(1000 / RATE);
    }
    await faults;
    await Promise.all(requests);
    expect(unanswered).toBe(0);

    const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
    expect(await settled.json()).toEqual({ settled: true });
    // The spool may still hold what came while all was settled.
    const metrics = async () => (await fetch(`${platform.gatewayUrl}/metrics`)).text();
    await expect.poll(metrics, { timeout: 20_000 }).toMatch(/^tributary_spool_bytes 0$/m);
    await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
    const report = await fetch(`${platform.reportsUrl}/v1/reports/counts?by=campaign`);
    const { rows } = (await report.json()) as Counts;
    const counted = { click: rows[0]?.clicks ?? 0, impression: rows[0]?.impressions ?? 0 };
    const sorted = took.toSorted((a, b) => a - b);
    const p = (share: number): string =>
      (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
    console.log(
      `${answered.click} clicks and ${answered.impression} impressions answered (p50 ${p(0.5)}, p99 ${p(0.99)}, longest ${p(0.99999)} ms), ${cutOff} cut off; in the report ${counted.click} and ${counted.impression}`,
    );
    // None that was answered is missing, and none counts twice: beyond are only those whose answer was cut off.
    expect(counted.click).toBeGreaterThanOrEqual(answered.click);
    expect(counted.impression).toBeGreaterThanOrEqual(answered.impression);
    expect(counted.click + counted.impression).toBeLessThanOrEqual(
      answered.click + answered.impression + cutOff,
    );
    expect(sorted[Math.floor(sorted.length * 0.99)]).toBeLessThan(1000);
  },
);
