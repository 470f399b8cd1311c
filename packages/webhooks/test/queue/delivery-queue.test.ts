import { setTimeout as sleep } from "node:timers/promises";
import { connectRedis, type RedisClient, waitUntilReady } from "@tributary/streams";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import { type RedisServer, startRedis } from "../../../../test/support/redis-server.ts";
import { conversionOf, type Delivery, erasedDeliveries } from "../../src/delivery/delivery.ts";
import { readDeadDeliveries } from "../../src/queue/dead-deliveries.ts";
import { DeliveryQueue, type QueueBounds } from "../../src/queue/delivery-queue.ts";
import { delivery } from "../support/deliveries.ts";
import { T0 } from "../support/blocks.ts";

const MB = 2 ** 20;
const BOUNDS = { waitingBytes: MB, deadBytes: MB };
const TRIES = { attempts: 1, firstMs: T0, lastMs: T0 };
let redis: RedisServer;
let client: RedisClient;

beforeAll(async () => {
  redis = await startRedis();
  client = connectRedis(redis.url, { name: "test", commandTimeoutMs: 2000 });
  await waitUntilReady(client, 5000);
});
afterAll(async () => {
  client?.disconnect();
  await redis?.close();
});
beforeEach(async () => client.flushall());

function queueOf(bounds: QueueBounds = BOUNDS): DeliveryQueue {
  return new DeliveryQueue(client, "default", bounds);
}

/** Puts deliveries in and lets them be sent, as for results that are acknowledged. */
async function put(queue: DeliveryQueue, ...deliveries: readonly Delivery[]): Promise<void> {
  await queue.enqueue(deliveries, 0);
  await queue.release(deliveries.map(({ ticket }) => ticket));
}

async function due(queue: DeliveryQueue, busy: readonly string[] = []): Promise<string[]> {
  return (await queue.take(100, busy)).deliveries.map(({ ticket }) => ticket);
}

async function dead(): Promise<{ id: string; reason: string; attempts: number | undefined }[]> {
  const found = [];
  for await (const { id, reason, tries } of readDeadDeliveries(client, "default", 100)) {
    found.push({ id, reason, attempts: tries?.attempts });
  }
  return found;
}

describe("deliveries", () => {
  it("are held until their results are acknowledged, and put in once however often they come", async () => {
    const queue = queueOf();
    const [a, b] = [delivery("a", 0), delivery("b", 0)];
    expect(await queue.enqueue([a, b], 3)).toMatchObject({ taken: 2 });
    expect(await queue.enqueue([a, b], 3)).toMatchObject({ taken: 0 });
    expect(await due(queue)).toEqual([]);
    await queue.release([a.ticket]);
    expect(await due(queue)).toEqual([a.ticket]);
    // What a process that died had acknowledged and not released.
    await queue.sweep(2);
    expect(await due(queue)).toEqual([a.ticket]);
    await queue.sweep(3);
    expect((await due(queue)).toSorted()).toEqual([a.ticket, b.ticket].toSorted());
  });

  it("are thrown away with all that is known of them, and may come again", async () => {
    const queue = queueOf();
    const [a, b, c] = [delivery("a", 0), delivery("b", 0), delivery("c", 0)];
    await put(queue, a, b);
    await queue.enqueue([c], 0);
    await queue.bury(b.ticket, { attempts: 1, firstMs: 1, lastMs: 1 }, "gone");
    expect(await queue.clear()).toBe(3);
    expect(await client.keys("*webhooks:default*")).toEqual([]);
    // What was under way ends, and finds nothing.
    await queue.done(a.ticket);
    await queue.release([c.ticket]);
    expect(await due(queue)).toEqual([]);
    await put(queue, a);
    expect(await due(queue)).toEqual([a.ticket]);
  });

  it("of an erased conversion are thrown away, wherever they are and when they come, but for the one that says so", async () => {
    const queue = queueOf();
    const [waits, died, held, late, other] = [
      delivery("a", 0),
      delivery("a", 1),
      delivery("a", 2),
      delivery("a", 3),
      delivery("b", 0),
    ];
    await put(queue, waits, died, other);
    await queue.bury(died.ticket, { attempts: 1, firstMs: 1, lastMs: 1 }, "no");
    await queue.enqueue([held], 0);
    const atMs = T0 + 60_000;
    const [erased] = erasedDeliveries({
      entry: `${atMs}-0`,
      atMs,
      tenant: "default",
      conversions: [{ id: "a", key: conversionOf(waits.ticket) }],
    });
    if (erased === undefined) throw new Error("no delivery");
    expect(await queue.erase(atMs, [erased.ticket])).toBe(2);
    await queue.enqueue([erased], 0);
    expect(await queue.release([erased.ticket, held.ticket])).toBe(1);
    expect(await queue.enqueue([late], 0)).toMatchObject({ superseded: 1 });
    // As after a process that died before it had said that it was done.
    expect(await queue.erase(atMs, [erased.ticket])).toBe(0);
    await queue.enqueue([erased], 0);
    expect((await due(queue)).toSorted()).toEqual([erased.ticket, other.ticket].toSorted());
    // What was under way ends, and changes nothing.
    await queue.later(waits.ticket, 0, { attempts: 1, firstMs: 1, lastMs: 1 });
    await queue.done(erased.ticket);
    await queue.done(other.ticket);
    expect(await queue.size()).toMatchObject({
      waiting: 0,
      waitingBytes: 0,
      dead: 0,
      deadBytes: 0,
    });
    expect(await client.hlen("tributary:{webhooks:default}:bodies")).toBe(0);
  });

  it("of one conversion come one at a time, the earlier first, whatever order they were put in", async () => {
    const queue = queueOf();
    const [first, second, other] = [delivery("a", 0), delivery("a", 1), delivery("b", 0)];
    await put(queue, second, other, first);
    expect(new Set(await due(queue))).toEqual(new Set([first.ticket, other.ticket]));
    expect(await due(queue, [conversionOf(first.ticket)])).toEqual([other.ticket]);
    await queue.done(first.ticket);
    expect(await due(queue, [conversionOf(other.ticket)])).toEqual([second.ticket]);
    await queue.done(second.ticket);
    await queue.done(other.ticket);
    expect(await queue.size()).toMatchObject({
      waiting: 0,
      waitingBytes: 0,
      dead: 0,
      deadBytes: 0,
    });
    // Nothing is left of them but two zeros.
    expect(await client.keys("*")).toEqual(["tributary:{webhooks:default}:bytes"]);
  });

  it("that failed wait, with those of their conversion behind them, and say when they are due", async () => {
    const queue = queueOf();
    const [first, second] = [delivery("a", 0), delivery("a", 1)];
    await put(queue, first, second);
    const atMs = Date.now() + 60_000;
    await queue.later(first.ticket, atMs, TRIES);
    expect(await queue.take(10, [])).toEqual({ deliveries: [], nextMs: atMs });
    await queue.later(first.ticket, Date.now() - 1, { ...TRIES, attempts: 2 });
    const { deliveries } = await queue.take(10, []);
    const { id, body, traceparent } = first;
    const tries = { ...TRIES, attempts: 2 };
    expect(deliveries).toEqual([{ ticket: first.ticket, id, body, traceparent, tries }]);
  });

  it("that are given up are dead, and let the next of their conversion go", async () => {
    const queue = queueOf();
    const [first, second] = [delivery("a", 0), delivery("a", 1)];
    await put(queue, first, second);
    await queue.bury(first.ticket, { ...TRIES, attempts: 72 }, "the answer was 500");
    await queue.bury(first.ticket, { ...TRIES, attempts: 72 }, "the answer was 500");
    expect(await dead()).toEqual([{ id: first.id, reason: "the answer was 500", attempts: 72 }]);
    expect(await due(queue)).toEqual([second.ticket]);
    // Retried in time, it goes first again; and when the later one was delivered, it is not sent any more.
    expect(await queue.retry(first.id)).toBe("retried");
    expect(await due(queue)).toEqual([first.ticket]);
    await queue.bury(first.ticket, TRIES, "the answer was 410");
    expect(await queue.done(second.ticket)).toBe(1);
    expect(await dead()).toEqual([]);
    expect(await queue.retry(first.id)).toBe("gone");
    expect(await queue.size()).toMatchObject({
      waiting: 0,
      waitingBytes: 0,
      dead: 0,
      deadBytes: 0,
    });
  });

  it("of an owner that another one has followed are superseded, when one of the other was delivered", async () => {
    const queue = queueOf();
    const [early, late] = [delivery("a", 0), delivery("a", 1, T0)];
    await put(queue, late);
    await queue.done(late.ticket);
    expect(await queue.enqueue([early], 0)).toMatchObject({ taken: 0, superseded: 1 });
    // Put in before and released after: the same.
    const [next, old] = [delivery("b", 1, T0), delivery("b", 0)];
    await queue.enqueue([old], 0);
    await put(queue, next);
    await queue.done(next.ticket);
    expect(await queue.release([old.ticket])).toBe(1);
    expect(await queue.size()).toMatchObject({ waiting: 0, waitingBytes: 0 });
  });
});

describe("bounds", () => {
  it("more than may wait are dead at once, and are put in when they are retried and there is room", async () => {
    const [a, b] = [delivery("a", 0), delivery("b", 0)];
    const queue = queueOf({ waitingBytes: a.body.length + 10, deadBytes: MB });
    expect(await queue.enqueue([a, b], 0)).toEqual({
      taken: 1,
      superseded: 0,
      over: 1,
      dropped: 0,
    });
    await queue.release([a.ticket, b.ticket]);
    expect(await dead()).toEqual([
      { id: b.id, reason: expect.stringContaining("more wait than may"), attempts: undefined },
    ]);
    expect(await queue.retry(b.id)).toBe("full");
    await queue.done(a.ticket);
    expect(await queue.retry(b.id)).toBe("retried");
    expect(await due(queue)).toEqual([b.ticket]);
  });

  it("more dead than are kept are dropped, the oldest first", async () => {
    const made = ["a", "b", "c"].map((id) => delivery(id, 0));
    const bytes = (made[0]?.body.length ?? 0) + 1;
    const queue = queueOf({ waitingBytes: MB, deadBytes: bytes * 2 });
    await put(queue, ...made);
    const dropped = [];
    for (const { ticket } of made) {
      dropped.push(await queue.bury(ticket, TRIES, "no"));
      // Of those that died in the same millisecond none is older.
      await sleep(2);
    }
    expect(dropped).toEqual([0, 0, 1]);
    expect((await dead()).map(({ id }) => id)).toEqual([made[1]?.id, made[2]?.id]);
    expect(await queue.discard(made[1]?.id ?? "")).toBe(true);
    expect(await queue.discard(made[1]?.id ?? "")).toBe(false);
    expect(await queue.size()).toMatchObject({ dead: 1, waiting: 0, waitingBytes: 0 });
  });
});

type Step =
  | { readonly kind: "result"; readonly id: string }
  | { readonly kind: "again"; readonly of: number }
  | { readonly kind: "acknowledge" | "sweep" | "retry" }
  | { readonly kind: "send"; readonly outcome: "done" | "later" | "bury" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("result"), id: fc.constantFrom("a", "b", "c") }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("again"), of: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom("acknowledge", "sweep", "retry") }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send"),
      outcome: fc.constantFrom("done", "done", "later", "bury"),
    }),
  },
);

it("whatever happens in whatever order, none is lost, and none is sent behind a later one of its conversion", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      await client.flushall();
      const queue = queueOf();
      const revisions = new Map<string, number>();
      const known: Delivery[] = [];
      let unacknowledged: Delivery[] = [];
      const sent: string[] = [];
      const send = async (outcome: "done" | "later" | "bury"): Promise<boolean> => {
        const [ticket] = await due(queue);
        if (ticket === undefined) return false;
        if (outcome === "done") {
          sent.push(ticket);
          await queue.done(ticket);
        } else if (outcome === "later") await queue.later(ticket, Date.now(), TRIES);
        else await queue.bury(ticket, TRIES, "no");
        return true;
      };
      const acknowledge = async (): Promise<void> => {
        await queue.release(unacknowledged.map(({ ticket }) => ticket));
        unacknowledged = [];
      };
      for (const of of steps) {
        if (of.kind === "result") {
          const revision = revisions.get(of.id) ?? 0;
          revisions.set(of.id, revision + 1);
          const made = delivery(of.id, revision);
          known.push(made);
          unacknowledged.push(made);
          await queue.enqueue([made], 0);
        } else if (of.kind === "again") {
          // Read again before it was acknowledged.
          const again = unacknowledged[of.of % Math.max(1, unacknowledged.length)];
          if (again !== undefined) await queue.enqueue([again], 0);
        } else if (of.kind === "acknowledge") await acknowledge();
        else if (of.kind === "sweep" && unacknowledged.length === 0) await queue.sweep(0);
        else if (of.kind === "retry") for (const { id } of await dead()) await queue.retry(id);
        else if (of.kind === "send") await send(of.outcome);
      }
      await acknowledge();
      while (await send("done"));
      const kept = new Set((await dead()).map(({ id }) => id));
      for (const { ticket, id } of known) {
        const of = sent.filter((other) => conversionOf(other) === conversionOf(ticket));
        expect(of).toEqual(of.toSorted());
        const isSuperseded = of.some((other) => other > ticket);
        expect(of.includes(ticket) || kept.has(id) || isSuperseded).toBe(true);
      }
      expect(new Set(sent).size).toBe(sent.length);
      expect((await queue.size()).waiting).toBe(0);
    }),
    { numRuns: runs(60) },
  );
});
