import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import fc from "fast-check";
import { unpack } from "msgpackr";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { runs } from "../../../../test/support/property-runs.ts";
import type { Problem } from "../../src/core/problem.ts";
import { type Keeper, Sender, type SenderOptions } from "../../src/core/sender.ts";

/** A gateway that answers by a script, then takes everything. */
let server: Server;
let script: (number | "cut")[] = [];
/** IDs of each request that was taken. */
let taken: string[][] = [];
let requests = 0;
/** By the clocks of both, which are one: how long each request was on its way. */
let transitsMs: number[] = [];
/** Most events of a request that are taken. */
let mostEvents = Infinity;
beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      requests += 1;
      const body = unpack(Buffer.concat(chunks)) as { sentAt: number; events: { id: string }[] };
      transitsMs.push(Date.now() - body.sentAt);
      const status = body.events.length > mostEvents ? 413 : (script.shift() ?? 202);
      // An answer that is cut off leaves the sender in doubt: the gateway has the events.
      if (status === 202 || status === "cut") taken.push(body.events.map(({ id }) => id));
      if (status === "cut") response.destroy();
      else response.writeHead(status, status === 429 ? { "Retry-After": "0" } : {}).end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
let problems: Problem[] = [];
beforeEach(() => {
  problems = [];
});

const create = (more: Partial<SenderOptions> = {}, keeper?: Keeper): Sender =>
  new Sender(
    {
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      batchEvents: 4,
      batchBytes: 1000,
      flushIntervalMs: 1,
      maxQueueEvents: 100,
      maxQueueBytes: 100_000,
      timeoutMs: 1000,
      retryMs: 1,
      maxRetryMs: 2,
      keepalive: false,
      onProblem: (problem) => problems.push(problem),
      ...more,
    },
    keeper,
  );
const add = (sender: Sender, id: string, text = ""): boolean =>
  sender.add({ id, type: "custom", time: Date.now(), properties: { text } });
const emptied = async (sender: Sender): Promise<void> => {
  while (!(await sender.flush())) await new Promise((resolve) => setTimeout(resolve, 1));
};

describe("Sender", () => {
  it("brings every event, whatever the gateway answers meanwhile", async () => {
    const answer = fc.constantFrom<number | "cut">(202, 429, 503, 500, 408, 413, "cut");
    await fc.assert(
      fc.asyncProperty(
        fc.array(answer, { maxLength: 12 }),
        fc.array(fc.nat(600), { minLength: 1, maxLength: 20 }),
        async (answers, sizes) => {
          script = [...answers];
          taken = [];
          problems = [];
          const sender = create();
          const ids = sizes.map((_, at) => `e-${at}`);
          for (const [at, size] of sizes.entries()) add(sender, ids[at] ?? "", "x".repeat(size));
          await emptied(sender);
          const lost = problems
            .filter(({ code }) => code === "too_large")
            .flatMap(({ events }) => events.map(({ id }) => id));
          // Only what is too large alone is given up, and that is said.
          expect(new Set([...taken.flat(), ...lost])).toEqual(new Set(ids));
          expect(problems.every(({ code }) => code === "too_large" || code === "waiting")).toBe(
            true,
          );
          expect(taken.every((batch) => batch.length <= 4)).toBe(true);
          // Twice only what was in doubt.
          const cuts = answers.filter((each) => each === "cut").length;
          expect(taken.flat().length).toBeLessThanOrEqual(ids.length + 4 * cuts);
        },
      ),
      { numRuns: runs(60) },
    );
  });

  it("sends a full batch at once, another when its time has come", async () => {
    script = [];
    taken = [];
    const sender = create({ flushIntervalMs: 30 });
    for (const id of ["a", "b", "c", "d"]) add(sender, id);
    const before = requests;
    add(sender, "e");
    while (taken.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(taken).toEqual([["a", "b", "c", "d"], ["e"]]);
    expect(requests - before).toBe(2);
  });

  it("sends as many at once again, some time after the gateway found them too many", async () => {
    script = [413, 413];
    taken = [];
    const sender = create({ batchEvents: 8, batchBytes: 10_000, flushIntervalMs: 10_000 });
    for (let n = 0; n < 60; n += 1) {
      for (let i = 0; i < 8; i += 1) add(sender, `${n}-${i}`);
      await emptied(sender);
    }
    expect(taken[0]).toHaveLength(2);
    expect(taken.at(-1)).toHaveLength(8);
    expect(new Set(taken.flat()).size).toBe(480);
  });

  it("tries more at once seldom where the gateway goes on finding them too many", async () => {
    script = [];
    taken = [];
    mostEvents = 4;
    onTestFinished(() => {
      mostEvents = Infinity;
    });
    const before = requests;
    const sender = create({ batchEvents: 8, batchBytes: 10_000, flushIntervalMs: 10_000 });
    for (let n = 0; n < 50; n += 1) {
      for (let i = 0; i < 8; i += 1) add(sender, `${n}-${i}`);
      await emptied(sender);
    }
    expect(taken.flat()).toHaveLength(400);
    // A hundred that are taken, and one in about sixteen that is not.
    expect(requests - before).toBeLessThan(115);
  });

  it("says with each try when that was sent, so that a wait is not taken for an error of the clock", async () => {
    script = [503, 503];
    taken = [];
    transitsMs = [];
    const sender = create({ retryMs: 1200, maxRetryMs: 1200 });
    add(sender, "a");
    await emptied(sender);
    expect(taken).toEqual([["a"]]);
    expect(transitsMs).toHaveLength(3);
    // Each wait is 600 ms at the least.
    for (const transitMs of transitsMs) expect(transitMs).toBeLessThan(500);
  });

  it("gives up the oldest custom events where a purchase has no room otherwise, and says so", async () => {
    script = [];
    taken = [];
    problems = [];
    const sender = create({ flushIntervalMs: 10_000, batchEvents: 50, maxQueueEvents: 4 });
    const at = (type: "custom" | "conversion" | "click", id: string): boolean =>
      sender.add({ id, type, time: Date.now() });
    for (const id of ["c1", "c2", "c3"]) expect(at("custom", id)).toBe(true);
    expect([at("click", "ad"), at("custom", "c4"), at("conversion", "p1")]).toEqual([
      true,
      false,
      true,
    ]);
    expect([at("conversion", "p2"), at("conversion", "p3"), at("conversion", "p4")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(problems.map(({ code, events }) => [code, events.map(({ id }) => id)])).toEqual([
      ["queue_full", ["c4"]],
      ["queue_full", ["c1"]],
      ["queue_full", ["c2"]],
      ["queue_full", ["c3"]],
      ["queue_full", ["p4"]],
    ]);
    await emptied(sender);
    expect(taken.flat()).toEqual(["ad", "p1", "p2", "p3"]);
  });

  it("lets events be given up: none is sent then", async () => {
    taken = [];
    const sender = create({ flushIntervalMs: 10_000 });
    add(sender, "a");
    expect(sender.clear()).toMatchObject([{ id: "a" }]);
    expect(await sender.flush()).toBe(true);
    expect(taken).toEqual([]);
  });

  it("leaves out what its keeper does not want any more, and has all others released", async () => {
    script = [];
    taken = [];
    const released: string[] = [];
    const sender = create(
      { flushIntervalMs: 10_000 },
      { wants: ({ id }) => id !== "b", release: ({ id }) => released.push(id) },
    );
    for (const id of ["a", "b", "c"]) add(sender, id);
    expect(await sender.flush()).toBe(true);
    expect(taken).toEqual([["a", "c"]]);
    expect(released).toEqual(["b", "a", "c"]);
  });
});
