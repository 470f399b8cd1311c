/**
 * Webhooks of a whole platform to a real receiver that fails for a while, with kill −9 of the service and of Redis in between:
 * in the end the receiver knows of every conversion what the reports say, and heard of each revision, in order.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, expect, it } from "vitest";
import { temporaryDataDir } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const NOW = Date.now();
const USERS = 12;
/** Requests while the receiver fails. */
const ENOUGH_REQUESTS = 60;
const KEY = Buffer.alloc(32, 9);

interface Data {
  readonly id: string;
  readonly userKey: string;
  readonly value: string;
  readonly currency: string;
  readonly generation: number;
  readonly revision: number;
  readonly reason: string;
  readonly attributedAt: number;
  readonly touchpoints: readonly object[];
  readonly credits: readonly object[];
}

interface Received {
  readonly webhookId: string;
  /** Whether the answer was 2xx. */
  readonly taken: boolean;
  readonly type: string;
  readonly data: Data;
}

interface ConversionAnswer extends Omit<Data, "generation"> {
  readonly revisions: readonly {
    readonly revision: number;
    readonly reason: string;
    readonly attributedAt: number;
  }[];
}

const data = temporaryDataDir();
const received: Received[] = [];
let unsigned = 0;
/** While it is true, some requests fail, each in its way. */
let failing = true;
let receiver: Server;
let platform: Platform;

beforeAll(async () => {
  receiver = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const text = Buffer.concat(chunks).toString("utf8");
      const { headers } = request;
      const webhookId = String(headers["webhook-id"]);
      if (!isSigned(webhookId, headers["webhook-timestamp"], headers["webhook-signature"], text)) {
        unsigned += 1;
      }
      const way = failing ? (received.length + 1) % 5 : 0;
      const taken = way === 0 || way === 3;
      received.push({ webhookId, taken, ...(JSON.parse(text) as Pick<Received, "type" | "data">) });
      // The last one gets no answer at all.
      if (way === 4) return;
      if (way === 1) response.writeHead(500);
      else if (way === 2) response.writeHead(429, { "retry-after": "1" });
      else response.writeHead(204);
      response.end();
    });
  });
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const { port } = receiver.address() as AddressInfo;
  platform = await startPlatform({
    dataDir: data.dir,
    port: 0,
    partitions: 4,
    environment: {
      ...process.env,
      OTEL_TRACES_EXPORTER: "none",
      // What Redis has said that it has, it still has after it was killed.
      TRIBUTARY_APPENDFSYNC: "always",
      TRIBUTARY_WEBHOOKS: `default=http://127.0.0.1:${port}/hook`,
      TRIBUTARY_WEBHOOK_SECRETS: `default=whsec_${KEY.toString("base64")}`,
      TRIBUTARY_WEBHOOK_TIMEOUT_MS: "1500",
      TRIBUTARY_WEBHOOK_FIRST_BACKOFF_MS: "50",
      TRIBUTARY_WEBHOOK_MAX_BACKOFF_MS: "500",
      TRIBUTARY_WEBHOOK_LEASE_MS: "1000",
      TRIBUTARY_ERASURE_GATHER_MS: "100",
    },
  });
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  receiver?.closeAllConnections();
  receiver?.close();
  data.remove();
});

function isSigned(id: string, timestamp: unknown, signature: unknown, body: string): boolean {
  const expected = createHmac("sha256", KEY).update(`${id}.${String(timestamp)}.${body}`);
  const [version, given = ""] = String(signature).split(",");
  const bytes = Buffer.from(given, "base64");
  return version === "v1" && bytes.length === 32 && timingSafeEqual(bytes, expected.digest());
}

/** Sends events as an SDK does: again until they are taken. */
async function send(events: readonly object[]): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ events }),
    });
    const text = await answer.text();
    if (answer.status === 202) {
      expect(JSON.parse(text)).toEqual({ accepted: events.length, refused: [] });
      return;
    }
    await sleep(100);
  }
  throw new Error("the gateway does not take events");
}

async function settled(): Promise<void> {
  const answer = async (): Promise<unknown> => {
    const response = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
    return response.json();
  };
  await expect.poll(answer, { timeout: 60_000, interval: 200 }).toEqual({ settled: true });
}

function kill(name: string): void {
  const pid = platform.processes().find((each) => each.name === name)?.pid;
  if (pid !== undefined) process.kill(pid, "SIGKILL");
}

async function waiting(): Promise<number> {
  try {
    const response = await fetch(`${platform.webhooksUrl}/metrics`);
    const text = await response.text();
    if (!/^tributary_webhook_sending 1$/m.test(text)) return -1;
    const lag = Number(/^tributary_lag_entries\{group="webhooks"\} (\d+)$/m.exec(text)?.[1] ?? NaN);
    return lag + Number(/^tributary_webhook_waiting_deliveries (\d+)$/m.exec(text)?.[1] ?? NaN);
  } catch {
    return -1; // killed just now
  }
}

const at = (secondsAgo: number) => ({ time: NOW - secondsAgo * 1000 });
const known = (i: number) => ({ userId: `user-${i}` });
const device = (i: number) => ({ anonymousId: `device-${i}` });
const worth = (order: string, value: string) => ({ orderId: order, value, currency: "EUR" });
const each = <T>(make: (i: number) => T): T[] => Array.from({ length: USERS }, (_, i) => make(i));

/** What happens, in the order in which it arrives: first results, corrections by a late touchpoint, refunds, and merges. */
const ARRIVALS = [
  each((i) => ({ id: `t1-${i}`, type: "click", channel: "email", ...at(60), ...known(i) })),
  each((i) => ({
    id: `c-${i}`,
    type: "conversion",
    ...at(40),
    ...known(i),
    ...worth(`o-${i}`, "99.99"),
  })),
  each((i) => ({ id: `d1-${i}`, type: "click", channel: "display", ...at(55), ...device(i) })),
  each((i) => ({
    id: `dc-${i}`,
    type: "conversion",
    ...at(35),
    ...device(i),
    ...worth(`do-${i}`, "10"),
  })),
  each((i) => ({ id: `t2-${i}`, type: "click", channel: "paid_search", ...at(50), ...known(i) })),
  each((i) => ({ id: `i-${i}`, type: "identify", ...at(10), ...known(i), ...device(i) })),
  each((i) => ({
    id: `r-${i}`,
    type: "refund",
    ...at(5),
    ...known(i),
    ...worth(`o-${i}`, "33.33"),
  })),
  each((i) => ({ id: `d2-${i}`, type: "click", channel: "social", ...at(45), ...device(i) })),
];

/** The law of docs/webhooks.md: which of two revisions of a conversion is the later one. */
function isLater(a: Data, b: Data): boolean {
  const order =
    a.generation - b.generation || a.attributedAt - b.attributedAt || a.revision - b.revision;
  return order > 0;
}

/** Has a person erased: of their conversions that is the last thing heard, and no other is touched. */
async function expectErasedIsTold(userId: string, conversions: readonly string[]): Promise<void> {
  const heard = received.length;
  const answer = await fetch(`${platform.reportsUrl}/v1/erasures`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ userId }),
  });
  expect(answer.status).toBe(202);
  const news = (): string[] =>
    received.slice(heard).map(({ type, data: { id } }) => `${type} ${id}`);
  const expected = conversions.map((id) => `conversion.erased ${id}`);
  await expect.poll(() => news().toSorted(), { timeout: 30_000 }).toEqual(expected.toSorted());
  await expect.poll(waiting, { timeout: 10_000 }).toBe(0);
}

it(
  "the receiver ends with what the reports say, and heard of each revision in order",
  { timeout: TIMEOUT_MS },
  async () => {
    const victims = ["webhooks", "redis", "webhooks", "redis", "webhooks"];
    for (const [i, events] of ARRIVALS.entries()) {
      await send(events);
      if (i % 2 === 1) await settled();
      const victim = i === 0 ? undefined : victims[i - 1];
      if (victim !== undefined) kill(victim);
      await sleep(400);
    }
    await settled();
    // Long enough for each way to fail, and killed in the middle of it.
    await expect.poll(() => received.length, { timeout: 60_000 }).toBeGreaterThan(ENOUGH_REQUESTS);
    kill("webhooks");
    failing = false;
    await expect.poll(waiting, { timeout: 60_000, interval: 200 }).toBe(0);

    const lag = await (await fetch(`${platform.reportsUrl}/v1/lag`)).json();
    const nothing = { undelivered: 0, pending: 0, oldestAgeSeconds: 0 };
    expect(lag).toMatchObject({ webhooks: nothing });
    expect(unsigned).toBe(0);
    const conversions = [...each((i) => `c-${i}`), ...each((i) => `dc-${i}`)];
    let corrections = 0;
    for (const id of conversions) {
      const answer = await fetch(`${platform.reportsUrl}/v1/conversions/${id}`);
      const { revisions, ...reported } = (await answer.json()) as ConversionAnswer;
      const of = received.filter((one) => one.data.id === id);
      const last = of.reduce((a, b) => (isLater(b.data, a.data) ? b : a)).data;
      const { value, currency, revision, reason, attributedAt, userKey, touchpoints, credits } =
        last;
      expect(reported).toMatchObject({ value, currency, revision, reason, attributedAt, userKey });
      expect(reported.touchpoints).toMatchObject(touchpoints);
      expect(reported.credits).toEqual(credits);
      // Each revision that the reports know was heard of, and none behind a later one that was taken. The result of an earlier
      // owner lies in another partition: it may come to hand when a later one was refused, and is sent, or taken, and is not.
      const named = (one: { revision: number; reason: string; attributedAt: number }): string =>
        `${one.attributedAt} ${one.revision} ${one.reason}`;
      const merged = revisions
        .filter(({ reason }) => reason === "merge")
        .map((one) => one.attributedAt);
      const heard = new Set(of.map((one) => named(one.data)));
      const leftOut = revisions.filter((one) => !heard.has(named(one)));
      expect(leftOut.filter((one) => !merged.some((at) => at >= one.attributedAt))).toEqual([]);
      const reportedOnes = new Set(revisions.map(named));
      expect([...heard].filter((one) => !reportedOnes.has(one))).toEqual([]);
      for (const [i, one] of of.entries()) {
        const before = of.slice(0, i).filter(({ taken }) => taken);
        expect(before.filter((earlier) => isLater(earlier.data, one.data))).toEqual([]);
        expect(one.type).toBe(
          one.data.reason === "first" ? "conversion.attributed" : "conversion.corrected",
        );
      }
      corrections += revisions.length - 1;
    }
    // An ID is one revision's, and a revision has one ID.
    const revisionsOf = new Map<string, Set<string>>();
    for (const one of received) {
      const { id, generation, revision } = one.data;
      const of = revisionsOf.get(one.webhookId) ?? new Set();
      revisionsOf.set(one.webhookId, of.add(`${id} ${generation} ${revision}`));
    }
    const all = [...revisionsOf.values()].flatMap((of) => [...of]);
    expect(new Set(all).size).toBe(all.length);
    expect(all.length).toBe(revisionsOf.size);
    expect(corrections).toBeGreaterThanOrEqual(USERS * 3);
    await expectErasedIsTold("user-0", ["c-0", "dc-0"]);
    console.log(
      `${conversions.length} conversions, ${corrections} corrections, ${all.length} deliveries in ${received.length} requests`,
    );
  },
);
