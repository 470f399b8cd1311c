/** An order is counted once, whoever reports it and however often, and refunded whoever asks for it. */
import { startPlatform, type Platform } from "@tributary/platform";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { partitionOf } from "../../packages/protocol/src/index.ts";
import { jsonOf, temporaryDataDir, tributary } from "../support/tributary.ts";

const TIMEOUT_MS = 180_000;
const NOW = Date.now();
const PARTITIONS = 4;

/** A text that begins with a name and belongs to a partition, as a user key or as an order ID. */
function inPartition(name: string, partition: number): string {
  for (let i = 0; ; i += 1) {
    const id = `${name}-${i}`;
    if (partitionOf("default", id, PARTITIONS) === partition) return id;
  }
}

const ORDER = inPartition("order", 0);
const PAGE = { anonymousId: inPartition("page", 1) };
const SERVER = { userId: inPartition("ada", 2) };
const OFFICE = { userId: inPartition("office", 3) };
const sale = (id: string, who: object, more: object = {}) => ({
  id,
  type: "conversion",
  time: NOW - 20_000,
  name: "purchase",
  value: "17.50",
  currency: "EUR",
  orderId: ORDER,
  ...who,
  ...more,
});
/** Each part when the one before is attributed. */
const PARTS: readonly (readonly object[])[] = [
  [
    { id: "click", type: "click", time: NOW - 60_000, channel: "email", ...PAGE },
    sale("first", PAGE),
  ],
  // The thank-you page is opened again, by the same visitor, and the server reports the order as well.
  [sale("again", PAGE, { time: NOW - 10_000 })],
  [sale("by-server", SERVER)],
  [sale("lead", SERVER, { name: "lead", value: "1" })],
  [
    {
      id: "refund",
      type: "refund",
      time: NOW - 5000,
      value: "7.50",
      currency: "EUR",
      orderId: ORDER,
      ...OFFICE,
    },
  ],
];
const LINK = [{ id: "link", type: "identify", time: NOW - 1000, ...PAGE, ...SERVER }];

interface Shown {
  readonly id: string;
  readonly reason: string;
  readonly value: string;
  readonly userKey: string;
  readonly countedInstead?: { readonly id: string };
  readonly revisions: readonly { readonly reason: string }[];
}

const data = temporaryDataDir();
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform({
    dataDir: data.dir,
    workers: 2,
    partitions: PARTITIONS,
  });
  for (const part of PARTS) await send(part);
}, TIMEOUT_MS);
afterAll(async () => {
  await platform?.stop();
  data.remove();
});

async function send(events: readonly object[]): Promise<void> {
  const answer = await fetch(`${platform.gatewayUrl}/v1/events`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(events),
  });
  expect(await answer.json()).toMatchObject({ accepted: events.length, refused: [] });
  const settled = await fetch(`${platform.reportsUrl}/v1/settled?timeoutMs=30000`);
  expect(await settled.json()).toMatchObject({ settled: true });
}

async function ask<T>(path: string): Promise<T> {
  return (await (await fetch(`${platform.reportsUrl}${path}`)).json()) as T;
}

const totals = async (query: string) => {
  const { totals: found } = await ask<{ totals: { conversions: number; value: unknown } }>(
    `/v1/reports/attribution?by=channel${query}`,
  );
  return found;
};

describe("an order that page, server and a page opened again report", () => {
  it(
    "counts once under each name, less what the back office refunded",
    { timeout: TIMEOUT_MS },
    async () => {
      const expected = { conversions: 2, value: [{ currency: "EUR", value: "10" }] };
      expect(await totals("&model=linear")).toMatchObject(expected);
      // Credited anew from the facts, which do not tell what arrived first.
      expect(await totals("&model=linear&clickWindow=29d")).toMatchObject(expected);
      expect(await totals("&model=markov")).toMatchObject(expected);
      const counts = await ask<{ totals: object }>("/v1/reports/counts?by=name");
      expect(counts.totals).toMatchObject({ conversions: 2 });
      const found = await ask<Shown>(`/v1/conversions/${ORDER}`);
      expect(["first", "lead"]).toContain(found.id);
      const first = await ask<Shown>("/v1/conversions/first");
      expect(first).toMatchObject({ reason: "refund", value: "10" });
    },
  );

  it(
    "shows the others as duplicate orders, with the one that counts",
    { timeout: TIMEOUT_MS },
    async () => {
      const again = await ask<Shown>("/v1/conversions/again");
      expect(again).toMatchObject({ reason: "duplicate_order", countedInstead: { id: "first" } });
      // It never counted; the server's did, until the order's home said otherwise.
      expect(again.revisions.map(({ reason }) => reason)).toEqual(["duplicate_order"]);
      const server = await ask<Shown>("/v1/conversions/by-server");
      expect(server.revisions.map(({ reason }) => reason)).toEqual(["first", "duplicate_order"]);
      const shown = await tributary(["conversion", "by-server", "--data", data.dir]);
      expect(shown.stdout).toContain(`duplicate of order ${ORDER}, counted is first`);
    },
  );

  it(
    "is in the books and in the account of all events, with nothing left over",
    { timeout: TIMEOUT_MS },
    async () => {
      const books = jsonOf<{ total: object; closed: boolean }>(
        await tributary(["books", "--data", data.dir, "--json"]),
      );
      expect(books.total).toMatchObject({ processed: 6, duplicateOrders: 2, residue: 0 });
      const conserved = await ask<{ complete: boolean; events: object; money: object[] }>(
        "/v1/reports/conservation",
      );
      expect(conserved).toMatchObject({
        complete: true,
        events: { duplicateOrders: 2, duplicates: 0, residue: 0 },
        money: [{ accepted: "18.5", refunded: "8.5", residue: "0" }],
      });
      const audited = await tributary(["audit", "--data", data.dir]);
      expect(audited.code).toBe(0);
      const report = await tributary(["report", "--data", data.dir]);
      expect(report.stdout).toContain("2 conversions repeated an order and were not counted.");
    },
  );

  it(
    "stays so when page and server turn out to be one person",
    { timeout: TIMEOUT_MS },
    async () => {
      await send(LINK);
      expect(await totals("&model=linear")).toMatchObject({ conversions: 2 });
      expect(await totals("&model=linear&clickWindow=29d")).toMatchObject({ conversions: 2 });
      expect(await ask<Shown>("/v1/conversions/first")).toMatchObject({
        value: "10",
        userKey: SERVER.userId,
      });
      const conserved = await ask<{ events: object; money: object[] }>("/v1/reports/conservation");
      expect(conserved).toMatchObject({
        events: { duplicateOrders: 2, duplicates: 0, residue: 0 },
        money: [{ residue: "0" }],
      });
      expect((await tributary(["audit", "--data", data.dir])).code).toBe(0);
    },
  );
});
