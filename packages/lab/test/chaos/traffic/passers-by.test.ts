import { partitionOf } from "@tributary/protocol";
import { createServer, type IncomingMessage } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { PlainEvent } from "@tributary/oracle";
import { expect, onTestFinished, test, vi } from "vitest";
import { PASSERS_BY_TENANT, PassersBy } from "../../../src/chaos/traffic/passers-by.ts";

const PARTITIONS = 4;

async function bodyOf(request: IncomingMessage): Promise<PlainEvent[]> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return JSON.parse(text) as PlainEvent[];
}

/** A server that takes every event, and what it was sent. */
async function taking(): Promise<{ url: string; batches: PlainEvent[][] }> {
  const batches: PlainEvent[][] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((events) => {
      batches.push(events);
      response.writeHead(202).end(JSON.stringify({ accepted: events.length }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, batches };
}

test("stories are whole, in a partition of their own, and excused only where it was flushed after them", async () => {
  const { url, batches } = await taking();
  const problems: string[] = [];
  const passersBy = new PassersBy({
    url,
    partitions: PARTITIONS,
    batchesPerSecond: 100,
    patienceMs: 5000,
    complain: (what) => problems.push(what),
  });
  passersBy.setClockAhead();
  passersBy.start();
  await vi.waitFor(() => expect(batches.length).toBeGreaterThan(3), 5000);
  passersBy.burst();
  await vi.waitFor(() => expect(Math.max(...batches.map((b) => b.length))).toBe(1600), 10_000);
  const before = passersBy.outcome();
  passersBy.flushed(Date.now());
  expect(passersBy.outcome().must.length).toBeLessThan(before.must.length);
  const count = batches.length;
  await vi.waitFor(() => expect(batches.length).toBeGreaterThan(count + 2), 5000);
  await passersBy.finish();

  expect(problems).toEqual([]);
  const events = batches.flat();
  const users = Map.groupBy(events, ({ userId }) => userId ?? "");
  for (const [userId, story] of users) {
    expect(story.map(({ type }) => type)).toEqual(["impression", "click", "visit", "conversion"]);
    expect(partitionOf(PASSERS_BY_TENANT, userId, PARTITIONS)).toBe(PARTITIONS - 1);
  }
  const ahead = events.filter(({ time }) => time > Date.now() + 60_000);
  expect(ahead.length).toBeGreaterThan(0);
  const { must, may } = passersBy.outcome();
  expect(may.size).toBe(events.length);
  expect(must.length).toBeGreaterThan(0);
  expect(must.length % 4).toBe(0);
});
