import { setTimeout as sleep } from "node:timers/promises";
import type { Platform } from "@tributary/platform";
import type { Cluster, Redis } from "ioredis";
import { expect } from "vitest";
import { expectedResults, type PlainEvent } from "./oracle.ts";

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

/** Sends events once. @returns the answer's status; 0 where the connection broke or no answer came */
export async function sendOnce(url: string, events: readonly PlainEvent[]): Promise<number> {
  let answer: Response;
  let body: unknown;
  try {
    answer = await fetch(`${url}/v1/events`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(events),
      signal: AbortSignal.timeout(5000),
    });
    body = await answer.json();
  } catch {
    return 0;
  }
  if (answer.status === 202) expect(body).toEqual({ accepted: events.length, refused: [] });
  else expect(answer.status).toBe(503);
  return answer.status;
}

/** Sends as a good client does: again and again, unchanged, until it is told that the events were taken. */
export async function send(url: string, events: readonly PlainEvent[]): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if ((await sendOnce(url, events)) === 202) return;
    await sleep(100);
  }
  throw new Error("the events were not taken within a minute");
}

/** Waits until all that was acknowledged is attributed and loaded, also while services are started again. */
export async function settled(platform: Platform): Promise<void> {
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

/** Holds every conversion's last result against the oracle's. @returns how many there were */
export async function expectExactCredits(
  platform: Platform,
  events: readonly PlainEvent[],
): Promise<number> {
  const expected = expectedResults(events);
  for (const [key, plain] of expected) {
    const id = key.split("/")[1] ?? "";
    const answer = (await (
      await fetch(`${platform.reportsUrl}/v1/conversions/${id}`)
    ).json()) as Answer;
    expect(answer.touchpoints.map((touch) => touch.id)).toEqual(plain.path);
    expect(Math.round(Number(answer.value) * 100)).toBe(Number(plain.value) / 1e10);
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
      expect(Math.round(cents * 100)).toBe(Number(plain.value) / 1e10);
    }
  }
  const report = (await (
    await fetch(`${platform.reportsUrl}/v1/reports/attribution?model=all&by=channel`)
  ).json()) as { totals: { conversions: number } };
  expect(report.totals.conversions).toBe(expected.size);
  return expected.size;
}

/** accepted = duplicate + processed, and every distinct event was processed once. */
export async function expectBooksToClose(
  redis: Redis | Cluster,
  partitions: number,
  distinct: number,
): Promise<void> {
  const books = { accepted: 0, duplicate: 0, processed: 0 };
  for (let partition = 0; partition < partitions; partition += 1) {
    const state = await redis.hgetall(`{p${String(partition).padStart(2, "0")}}:state`);
    for (const name of Object.keys(books) as (keyof typeof books)[]) {
      books[name] += Number(state[`books:default:${name}`] ?? 0);
    }
  }
  expect(books.processed).toBe(distinct);
  expect(books.accepted).toBe(books.duplicate + books.processed);
}
